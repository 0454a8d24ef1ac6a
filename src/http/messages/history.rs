//! A room's messages, page by page.

use actix_web::http::header::LINK;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{InvalidField, MessageId, Refusal, RoomId, Seq};
use crate::json::MessagePayload;
use crate::store::{History, HistoryFrom, HistoryPage};

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::page_limit::page_limit;
use crate::http::state::WebState;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryQuery {
    before: Option<MessageId>,
    after: Option<MessageId>,
    around: Option<MessageId>,
    /// The page around the first message of this `number` or above; the last page when there is none.
    around_number: Option<i64>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

impl HistoryQuery {
    fn parse(&self) -> Result<HistoryPage, InvalidField> {
        let from = match (self.before, self.after, self.around, self.around_number) {
            (None, None, None, None) => HistoryFrom::Latest,
            (Some(id), None, None, None) => HistoryFrom::Before(id),
            (None, Some(id), None, None) => HistoryFrom::After(id),
            (None, None, Some(id), None) => HistoryFrom::Around(id),
            (None, None, None, Some(number)) => HistoryFrom::AroundNumber(number),
            _ => {
                let detail = "Give one of before, after, around and around_number, not several.";
                return Err(InvalidField::new("before", Refusal::InvalidCursor, detail));
            }
        };
        Ok(HistoryPage { from, limit: page_limit(self.limit, 50, 200)? })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MessagePage)]
struct HistoryResponse<'a> {
    items: Vec<MessagePayload<'a>>,
    /// The path of the newer page.
    #[schema(required)]
    next: Option<&'a str>,
    /// The path of the older page.
    #[schema(required)]
    prev: Option<&'a str>,
    seq: Seq,
}

/// `GET /rooms/{id}/messages`: the oldest first within a page.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/messages", tag = "Messages",
    params(("id" = RoomId, Path), HistoryQuery),
    responses(
        (status = 200, description = "A page, the oldest first", body = HistoryResponse, headers(("Link" = Option<String>, description = "The older and the newer page"))),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "message_not_found", "invalid_limit", "invalid_cursor"]))),
)]
pub(crate) async fn list_messages(
    state: web::Data<WebState>,
    viewer: Identity,
    room_id: web::Path<RoomId>,
    query: web::Query<HistoryQuery>,
) -> Result<HttpResponse, ApiError> {
    let page = query.parse()?;
    let history = state.store.history(viewer.user_id(), *room_id, page).await?;
    let path =
        |cursor: &str, id: MessageId| format!("/api/v1/rooms/{room_id}/messages?{cursor}={id}&limit={}", page.limit);
    let prev = oldest(&history, page.from).filter(|_| history.has_older).map(|id| path("before", id));
    let next = newest(&history, page.from).filter(|_| history.has_newer).map(|id| path("after", id));
    let mut answer = HttpResponse::Ok();
    for (rel, path) in [("prev", &prev), ("next", &next)] {
        if let Some(path) = path {
            answer.append_header((LINK, format!("<{path}>; rel=\"{rel}\"")));
        }
    }
    Ok(answer.json(HistoryResponse {
        items: history.items.iter().map(MessagePayload::from).collect(),
        next: next.as_deref(),
        prev: prev.as_deref(),
        seq: history.seq,
    }))
}

/// The message before which the older page lies. An empty page lies just after or before the message it was asked from.
fn oldest(history: &History, from: HistoryFrom) -> Option<MessageId> {
    let empty = match from {
        HistoryFrom::After(id) => Some(MessageId(id.0.saturating_add(1))),
        HistoryFrom::Latest | HistoryFrom::Before(_) | HistoryFrom::Around(_) | HistoryFrom::AroundNumber(_) => None,
    };
    history.items.first().map(|message| message.id).or(empty)
}

/// The message after which the newer page lies.
fn newest(history: &History, from: HistoryFrom) -> Option<MessageId> {
    let empty = match from {
        HistoryFrom::Before(id) => Some(MessageId(id.0.saturating_sub(1))),
        HistoryFrom::Latest | HistoryFrom::After(_) | HistoryFrom::Around(_) | HistoryFrom::AroundNumber(_) => None,
    };
    history.items.last().map(|message| message.id).or(empty)
}
