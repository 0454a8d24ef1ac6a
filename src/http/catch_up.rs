//! Reading a room's log: how a client fetches what it missed.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::domain::{RoomId, Seq};
use crate::events::EventPayload;

use super::error::ApiError;
use super::identity::Identity;
use super::page_limit::page_limit;
use super::state::WebState;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatchUpQuery {
    /// The last event that the client has.
    after: Seq,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct CatchUpResponse<'a> {
    items: Vec<EventPayload<'a>>,
    head: Seq,
    more: bool,
    /// Present when the client is too far behind: it reads the history anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    resync: bool,
}

/// `GET /rooms/{id}/events`.
pub(super) async fn list_events(
    state: web::Data<WebState>,
    viewer: Identity,
    room_id: web::Path<RoomId>,
    query: web::Query<CatchUpQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, 100, 500)?;
    let max_behind = state.config.http.catch_up_events;
    let caught_up = state.store.events_after(viewer.user_id(), *room_id, query.after, limit, max_behind).await?;
    Ok(HttpResponse::Ok().json(CatchUpResponse {
        items: caught_up.events.iter().map(EventPayload::from).collect(),
        head: caught_up.head,
        more: caught_up.more,
        resync: caught_up.resync,
    }))
}
