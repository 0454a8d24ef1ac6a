//! Shared documents: which there are, and reading one. Saving is in [`document_saves`](crate::http::documents::saves).
//!
//! The second flow: changes travel over the socket from page to page, and no handler sees them. What is here is what a
//! document needs beside that: people, permissions, and a state that outlives everybody's pages.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::yjs::missing_from;
use crate::domain::{Document, DocumentId, DocumentTitle, Refusal, RoomId};
use crate::json::DocumentPayload;
use crate::store::DocumentChange;

use crate::http::error::ApiError;
use crate::http::files::download::{blocking, is_known};
use crate::http::pipeline::body::Json;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;
use crate::http::text_schema;

#[derive(Serialize, ToSchema)]
#[schema(as = Documents)]
struct DocumentsResponse<'a> {
    documents: Vec<DocumentPayload<'a>>,
}

/// `GET /rooms/{id}/documents`: archived ones too, last updated first.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/documents", tag = "Documents",
    params(("id" = RoomId, Path)),
    responses(
        (status = 200, description = "All documents of the room, the last updated first", body = DocumentsResponse),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member"]))),
)]
pub(crate) async fn list_documents(
    state: web::Data<WebState>,
    viewer: Identity,
    room_id: web::Path<RoomId>,
) -> Result<HttpResponse, ApiError> {
    let documents = state.store.documents(viewer.user_id(), *room_id).await?;
    Ok(HttpResponse::Ok().json(DocumentsResponse { documents: documents.iter().map(DocumentPayload::from).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDocumentRequest {
    #[schema(schema_with = text_schema::line::<120>)]
    title: String,
}

/// `POST /rooms/{id}/documents`.
#[utoipa::path(
    post, path = "/api/v1/rooms/{id}/documents", tag = "Documents",
    params(("id" = RoomId, Path)),
    request_body = CreateDocumentRequest,
    responses(
        (status = 201, description = "The document", body = DocumentPayload, headers(("Location" = String, description = "The path of what was made"))),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "room_archived", "room_documents_used_up", "document_title_empty", "document_title_too_long", "invalid_text"]))),
)]
pub(crate) async fn create_document(
    state: web::Data<WebState>,
    maker: Identity,
    room_id: web::Path<RoomId>,
    Json(request): Json<CreateDocumentRequest>,
) -> Result<HttpResponse, ApiError> {
    let title = DocumentTitle::parse(&request.title, &state.limits)?;
    let (document, event) = state.store.create_document(maker.user_id(), *room_id, title).await?;
    state.bus.dispatch([&event]);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/v1/documents/{}", document.id)))
        .json(DocumentPayload::from(&document)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeDocumentRequest {
    #[schema(schema_with = text_schema::optional_line::<120>)]
    title: Option<String>,
    archived: Option<bool>,
}

/// `PATCH /documents/{id}`: another title, into the archive or out of it. Who has it open when it is archived loses the
/// live channel at once.
#[utoipa::path(
    patch, path = "/api/v1/documents/{id}", tag = "Documents",
    params(("id" = DocumentId, Path)),
    request_body = ChangeDocumentRequest,
    responses(
        (status = 200, description = "The document after the change", body = DocumentPayload),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member", "room_archived", "document_title_empty", "document_title_too_long", "invalid_text"]))),
)]
pub(crate) async fn change_document(
    state: web::Data<WebState>,
    actor: Identity,
    id: web::Path<DocumentId>,
    Json(request): Json<ChangeDocumentRequest>,
) -> Result<HttpResponse, ApiError> {
    let change = DocumentChange {
        title: request.title.map(|title| DocumentTitle::parse(&title, &state.limits)).transpose()?,
        is_archived: request.archived,
    };
    let changed = state.store.change_document(actor.user_id(), *id, change).await?;
    state.bus.dispatch(&changed.event);
    changed.users_to_unsubscribe.iter().for_each(|user| state.bus.revoke_document(*id, *user));
    Ok(HttpResponse::Ok().json(DocumentPayload::from(&changed.document)))
}

/// `DELETE /documents/{id}`: with its versions, for ever. Who has it open loses the live channel at once.
#[utoipa::path(
    delete, path = "/api/v1/documents/{id}", tag = "Documents",
    params(("id" = DocumentId, Path)),
    responses(
        (status = 204, description = "It is gone"),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member", "not_allowed"]))),
)]
pub(crate) async fn delete_document(
    state: web::Data<WebState>,
    actor: Identity,
    id: web::Path<DocumentId>,
) -> Result<HttpResponse, ApiError> {
    let deleted = state.store.delete_document(actor.user_id(), *id).await?;
    state.bus.dispatch(&deleted.event);
    deleted.users_to_unsubscribe.iter().for_each(|user| state.bus.revoke_document(*id, *user));
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentParameters {
    /// A state vector in base64: what the caller has.
    #[param(schema_with = text_schema::yjs_state_vector)]
    sv: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DocumentContent)]
struct ContentResponse<'a> {
    document: DocumentPayload<'a>,
    update: String,
    state_vector: String,
}

/// `GET /documents/{id}`: the state, or what the state vector `sv` lacks.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}", tag = "Documents",
    params(("id" = DocumentId, Path), ContentParameters),
    responses(
        (status = 200, description = "The document and what the caller lacks of it", body = ContentResponse, headers(("ETag" = String, description = "The revision"))),
        (status = 304, description = "The same as the caller has"),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member", "invalid_state_vector"]))),
)]
pub(crate) async fn show_document(
    state: web::Data<WebState>,
    viewer: Identity,
    id: web::Path<DocumentId>,
    parameters: web::Query<ContentParameters>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let known = parameters.sv.as_deref().map(decode_state_vector).transpose()?;
    let document = state.store.document(viewer.user_id(), *id).await?;
    if is_known(request.headers(), &etag(&document)) {
        return Ok(unchanged(&document));
    }
    let content = state.store.document_content(viewer.user_id(), *id).await?;
    let update = match known {
        None => content.state,
        Some(known) => blocking(move || missing_from(&known, &content.state)).await??,
    };
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag(&content.document)))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .json(ContentResponse {
            document: (&content.document).into(),
            update: STANDARD.encode(update),
            state_vector: STANDARD.encode(content.state_vector),
        }))
}

/// `GET /documents/{id}/text`: what people read.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/text", tag = "Documents",
    params(("id" = DocumentId, Path)),
    responses(
        (status = 200, description = "The text, which is Markdown", body = String, content_type = "text/markdown", headers(("ETag" = String, description = "The revision"))),
        (status = 304, description = "The same as the caller has"),
    ),
    extensions(("x-problems" = json!(["document_not_found", "not_a_member"]))),
)]
pub(crate) async fn show_text(
    state: web::Data<WebState>,
    viewer: Identity,
    id: web::Path<DocumentId>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (document, text) = state.store.document_text(viewer.user_id(), *id).await?;
    if is_known(request.headers(), &etag(&document)) {
        return Ok(unchanged(&document));
    }
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag(&document)))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((CONTENT_TYPE, "text/markdown; charset=utf-8"))
        .body(text))
}

/// Stands for what a document says, not for its title.
pub(crate) fn etag(document: &Document) -> String {
    format!("\"{}\"", document.revision)
}

fn unchanged(document: &Document) -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_MODIFIED)
        .insert_header((ETAG, etag(document)))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .finish()
}

/// In a URL base64 is written in another alphabet; either is taken, with or without padding.
fn decode_state_vector(text: &str) -> Result<Vec<u8>, ApiError> {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);
    // A plus sign that was not escaped reads as a space.
    let text = text.replace(['+', ' '], "-").replace('/', "_");
    URL_SAFE.decode(text).map_err(|_| ApiError::Refused(Refusal::InvalidStateVector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_vector_is_read_in_either_alphabet() {
        for text in ["-_8=", "-_8", "+/8=", "+/8", " _8"] {
            assert_eq!(decode_state_vector(text).ok(), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert!(decode_state_vector("!").is_err());
    }
}
