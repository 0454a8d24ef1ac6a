//! Reactions: an emoji that somebody puts under a message, and takes back.

use actix_web::{HttpResponse, web};

use crate::domain::{MessageId, ReactionEmoji, RoomId};
use crate::json::MessagePayload;

use crate::http::error::ApiError;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;

/// `PUT /rooms/{id}/messages/{message}/reactions/{emoji}`: repeating it changes nothing.
#[utoipa::path(
    put, path = "/api/v1/rooms/{id}/messages/{message}/reactions/{emoji}", tag = "Messages",
    params(("id" = RoomId, Path), ("message" = MessageId, Path), ("emoji" = String, Path, description = "An emoji, or 1 to 16 characters without spaces; percent-encoded")),
    responses(
        (status = 200, description = "The message with the reaction", body = MessagePayload),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "room_archived", "message_not_found", "invalid_reaction", "too_many_reactions"]))),
)]
pub(crate) async fn add_reaction(
    state: web::Data<WebState>,
    user: Identity,
    path: web::Path<(RoomId, MessageId, String)>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, message_id, emoji) = path.into_inner();
    let emoji = ReactionEmoji::parse(&emoji)?;
    let max_emoji = state.config.http.max_reactions_per_message;
    let (message, event) = state.store.add_reaction(user.user_id(), room_id, message_id, emoji, max_emoji).await?;
    state.bus.dispatch(&event);
    Ok(HttpResponse::Ok().json(MessagePayload::from(&message)))
}

/// `DELETE /rooms/{id}/messages/{message}/reactions/{emoji}`: takes one's own back.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{id}/messages/{message}/reactions/{emoji}", tag = "Messages",
    params(("id" = RoomId, Path), ("message" = MessageId, Path), ("emoji" = String, Path, description = "Percent-encoded")),
    responses(
        (status = 200, description = "The message without the reaction", body = MessagePayload),
    ),
    extensions(("x-problems" = json!(["room_not_found", "not_a_member", "room_archived", "message_not_found", "invalid_reaction"]))),
)]
pub(crate) async fn remove_reaction(
    state: web::Data<WebState>,
    user: Identity,
    path: web::Path<(RoomId, MessageId, String)>,
) -> Result<HttpResponse, ApiError> {
    let (room_id, message_id, emoji) = path.into_inner();
    let emoji = ReactionEmoji::parse(&emoji)?;
    let (message, event) = state.store.remove_reaction(user.user_id(), room_id, message_id, emoji).await?;
    state.bus.dispatch(&event);
    Ok(HttpResponse::Ok().json(MessagePayload::from(&message)))
}
