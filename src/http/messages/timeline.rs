//! How a message came through the server: its steps and their times.

use actix_web::{HttpResponse, web};

use crate::domain::{MessageId, Refusal, RoomId};
use crate::timeline::TimelineSteps;

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

/// `GET /rooms/{id}/messages/{message}/flow`, for those who may read the message.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/messages/{message}/flow", tag = "Messages",
    params(("id" = RoomId, Path), ("message" = MessageId, Path)),
    responses(
        (status = 200, description = "When each step was done", body = TimelineSteps),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "message_not_found", "flow_forgotten"]))),
)]
pub(crate) async fn show_timeline(
    state: web::Data<WebState>,
    viewer: Identity,
    path: web::Path<(RoomId, MessageId)>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, message_id) = *path;
    let message = state.store.message(viewer.user_id(), room_id, message_id).await?;
    let steps = state.timelines.steps(message.id).ok_or(ApiError::Refused(Refusal::FlowForgotten))?;
    Ok(HttpResponse::Ok().json(steps))
}
