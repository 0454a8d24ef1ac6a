//! Searching messages, and documents beside them.

use actix_web::http::header::LINK;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{InvalidField, MessageId, Refusal, RoomId, SearchQuery, SnippetPart};
use crate::json::{DocumentPayload, MessagePayload};
use crate::store::{Archive, DocumentHit, SearchHit, StoreError};

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::page_limit::page_limit;
use crate::http::state::WebState;
use crate::http::text_schema;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchParameters {
    #[param(schema_with = text_schema::search_query)]
    q: String,
    before: Option<MessageId>,
    /// Whether archived documents, and the messages of archived rooms, are searched too.
    #[serde(default)]
    archived: bool,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SearchPage)]
struct SearchResponse<'a> {
    items: Vec<HitResponse<'a>>,
    /// On the first page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    documents: Option<Vec<DocumentHitResponse<'a>>>,
    /// The path of the older page.
    #[schema(required)]
    next: Option<&'a str>,
}

/// A message that was found: `{"message":{…},"room":{"id":1,"name":"Lobby"},"snippet":[{"text":"hello","hit":true}]}`.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageHit)]
struct HitResponse<'a> {
    message: MessagePayload<'a>,
    room: RoomNameResponse<'a>,
    snippet: Vec<PartResponse<'a>>,
}

/// A document that was found, like a message.
#[derive(Serialize, ToSchema)]
#[schema(as = DocumentHit)]
struct DocumentHitResponse<'a> {
    document: DocumentPayload<'a>,
    room: RoomNameResponse<'a>,
    snippet: Vec<PartResponse<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RoomName)]
struct RoomNameResponse<'a> {
    id: RoomId,
    name: &'a str,
}

/// Plain text, so that a page can mark the hits without trusting anybody's markup.
#[derive(Serialize, ToSchema)]
#[schema(as = SnippetPart)]
struct PartResponse<'a> {
    text: &'a str,
    hit: bool,
}

impl<'a> From<&'a SearchHit> for HitResponse<'a> {
    fn from(hit: &'a SearchHit) -> Self {
        Self {
            message: (&hit.message).into(),
            room: RoomNameResponse { id: hit.message.room_id, name: &hit.room_name },
            snippet: parts(&hit.snippet),
        }
    }
}

impl<'a> From<&'a DocumentHit> for DocumentHitResponse<'a> {
    fn from(hit: &'a DocumentHit) -> Self {
        Self {
            document: (&hit.document).into(),
            room: RoomNameResponse { id: hit.document.room_id, name: &hit.room_name },
            snippet: parts(&hit.snippet),
        }
    }
}

fn parts(snippet: &[SnippetPart]) -> Vec<PartResponse<'_>> {
    snippet.iter().map(|part| PartResponse { text: &part.text, hit: part.is_hit }).collect()
}

/// Documents shown beside the first page.
const MAX_DOCUMENTS: i64 = 10;

/// `GET /search`: the newest first.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "Search",
    params(SearchParameters),
    responses(
        (status = 200, description = "What was found, the newest first", body = SearchResponse, headers(("Link" = Option<String>, description = "The older page"))),
    ),
    extensions(("x-problems" = json!(["invalid_limit", "search_empty", "search_too_long", "invalid_search"]))),
)]
pub(crate) async fn search_messages(
    state: web::Data<WebState>,
    viewer: Identity,
    parameters: web::Query<SearchParameters>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(parameters.limit, 20, 100)?;
    let query = SearchQuery::parse(&parameters.q)?;
    let archive = if parameters.archived { Archive::Included } else { Archive::Excluded };
    let documents = match parameters.before {
        Some(_) => None,
        None => {
            let documents = state.store.search_documents(viewer.user_id(), query.clone(), archive, MAX_DOCUMENTS).await;
            Some(documents.map_err(names_nothing)?)
        }
    };
    let found =
        state.store.search(viewer.user_id(), query, archive, parameters.before, limit).await.map_err(names_nothing)?;
    let next = found.items.last().filter(|_| found.has_older).map(|last| older(&parameters, last.message.id, limit));
    let next = next.transpose()?;
    let mut answer = HttpResponse::Ok();
    if let Some(path) = &next {
        answer.append_header((LINK, format!("<{path}>; rel=\"next\"")));
    }
    Ok(answer.json(SearchResponse {
        items: found.items.iter().map(HitResponse::from).collect(),
        documents: documents.as_ref().map(|documents| documents.iter().map(DocumentHitResponse::from).collect()),
        next: next.as_deref(),
    }))
}

/// The path of the page of what is older than `before`.
fn older(parameters: &SearchParameters, before: MessageId, limit: i64) -> Result<String, ApiError> {
    let (before, limit) = (before.to_string(), limit.to_string());
    let mut pairs = vec![("q", parameters.q.as_str()), ("before", &before), ("limit", &limit)];
    if parameters.archived {
        pairs.push(("archived", "true"));
    }
    let query = serde_urlencoded::to_string(pairs);
    let query = query.map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(format!("/api/v1/search?{query}"))
}

/// An operator that names nobody is a fault of the query, like one that is misspelt.
fn names_nothing(error: StoreError) -> ApiError {
    let detail = match error {
        StoreError::Refused(Refusal::UserNotFound) => "from: is followed by a user name, and nobody has this one.",
        StoreError::Refused(Refusal::RoomNotFound) => {
            "in: is followed by a room's name or id, and you belong to no such room."
        }
        other => return other.into(),
    };
    ApiError::Invalid(InvalidField::new("q", Refusal::InvalidSearch, detail))
}
