//! How a message came through the server: its steps and their times.

use actix_web::{HttpResponse, web};

use crate::domain::{MessageId, Refusal, RoomId};

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

/// `GET /rooms/{id}/messages/{message}/flow`, for those who may read the message.
pub(crate) async fn show_flow(
    state: web::Data<WebState>,
    viewer: Identity,
    path: web::Path<(RoomId, MessageId)>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, message_id) = *path;
    let message = state.store.message(viewer.user_id(), room_id, message_id).await?;
    let flow = state.timelines.flow(message.id).ok_or(ApiError::Refused(Refusal::FlowForgotten))?;
    Ok(HttpResponse::Ok().json(flow))
}
