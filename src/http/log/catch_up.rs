//! Reading a room's log: how a client fetches what it missed.

use actix_web::http::header::ContentType;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{RoomId, Seq};
use crate::json::EventPayload;
use crate::store::StoreError;

use crate::http::error::ApiError;
use crate::http::log::log_page::LogPageKey;
use crate::http::pipeline::identity::Identity;
use crate::http::pipeline::page_limit::page_limit;
use crate::http::state::WebState;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatchUpQuery {
    /// The last event that the client has.
    after: Seq,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CatchUp)]
struct CatchUpResponse<'a> {
    items: Vec<EventPayload<'a>>,
    head: Seq,
    more: bool,
    /// Present when the client is too far behind: it reads the history anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    resync: bool,
}

/// `GET /rooms/{id}/events`.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/events", tag = "Events",
    params(("id" = RoomId, Path), CatchUpQuery),
    responses(
        (status = 200, description = "What follows `after`, the oldest first", body = CatchUpResponse),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "invalid_limit"]))),
)]
pub(crate) async fn list_events(
    state: web::Data<WebState>,
    viewer: Identity,
    room_id: web::Path<RoomId>,
    query: web::Query<CatchUpQuery>,
) -> Result<HttpResponse, ApiError> {
    let page = LogPageKey { room_id: *room_id, after: query.after, limit: page_limit(query.limit, 100, 500)? };
    state.store.require_membership(viewer.user_id(), page.room_id).await?;
    let body = state.log_pages.get_or_read(page, read(&state, page)).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body))
}

/// Reads a page and makes its JSON, once for all requests that wait for it.
async fn read(state: &WebState, LogPageKey { room_id, after, limit }: LogPageKey) -> Result<Bytes, StoreError> {
    let max_behind = state.config.http.catch_up_events;
    let caught_up = state.store.events_after_for_members(room_id, after, limit, max_behind).await?;
    let response = CatchUpResponse {
        items: caught_up.events.iter().map(EventPayload::from).collect(),
        head: caught_up.head,
        more: caught_up.more,
        resync: caught_up.resync,
    };
    serde_json::to_vec(&response).map(Bytes::from).map_err(|error| StoreError::Internal(error.to_string()))
}
