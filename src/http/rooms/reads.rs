//! How far a person has read a room: the same on all devices.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::{RoomId, WholeNumber};

use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkReadRequest {
    /// The `number` of the last message read.
    #[schema(value_type = i64)]
    number: WholeNumber,
}

/// `PUT /rooms/{id}/read`.
#[utoipa::path(
    put, path = "/api/v1/rooms/{id}/read", tag = "Rooms",
    params(("id" = RoomId, Path)),
    request_body = MarkReadRequest,
    responses(
        (status = 204, description = "Noted"),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member"]))),
)]
pub(crate) async fn mark_read(
    state: web::Data<WebState>,
    identity: Identity,
    room_id: web::Path<RoomId>,
    Json(request): Json<MarkReadRequest>,
) -> Result<HttpResponse, ApiError> {
    let moved = state.store.mark_read(identity.user_id(), *room_id, request.number.0).await?;
    if let Some(mark) = moved {
        state.bus.dispatch_room_read(identity.user_id(), *room_id, mark);
    }
    Ok(HttpResponse::NoContent().finish())
}
