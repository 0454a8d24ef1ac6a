//! `POST /broadcasting/auth` and `/broadcasting/user-auth`: authorises a socket to subscribe to a channel, and to sign in as a
//! user. The socket server has no list of members: it accepts this signature, which is bound to the socket, the channel and the time.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bus::ChatChannel;
use crate::domain::{Credential, InvalidField, Refusal, Timestamp};
use crate::pusher::SocketId;
use crate::pusher::signature::{sign_channel, sign_user};

use crate::http::error::ApiError;
use crate::http::pipeline::body::FormOrJson;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;
use crate::http::text_schema;

/// What client libraries send. Fields that they add are ignored: they are not ours to name.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AuthorizeChannelRequest {
    #[schema(schema_with = text_schema::socket_id)]
    socket_id: String,
    channel_name: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChannelAuthorization)]
struct AuthorizationResponse {
    auth: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    channel_data: Option<String>,
}

/// What the signature vouches for; the socket server reads it back.
#[derive(Serialize)]
struct ChannelData<'a> {
    /// A text, as the protocol wants it. The socket server takes the person out of the channel by it.
    user_id: String,
    user_info: UserInfo<'a>,
    /// In milliseconds since 1970. The socket server refuses what was issued long ago, or before a removal.
    issued_at: i64,
    /// The session or API token of the caller. The socket server closes the socket when it ends.
    credential: Credential,
}

#[derive(Serialize)]
struct UserInfo<'a> {
    username: &'a str,
    name: &'a str,
}

/// `POST /broadcasting/auth`.
#[utoipa::path(
    post, path = "/broadcasting/auth", tag = "Sockets",
    request_body(content((AuthorizeChannelRequest = "application/json"), (AuthorizeChannelRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The signature with which the socket joins the channel", body = AuthorizationResponse),
    ),
    extensions(("x-problems" = json!(["channel_refused", "invalid_socket_id"]))),
)]
pub(crate) async fn authorize_channel(
    state: web::Data<WebState>,
    identity: Identity,
    FormOrJson(request): FormOrJson<AuthorizeChannelRequest>,
) -> Result<HttpResponse, ApiError> {
    // Taken before the membership is looked up: whoever is removed after that look is removed after this moment.
    let issued_at = Timestamp::now();
    let socket_id = require_socket_id(&request.socket_id)?.to_string();
    require_right(&state, &identity, &request.channel_name).await?;
    let channel_data = match is_named(&state, &request.channel_name) {
        true => Some(channel_data(&identity, issued_at)?),
        false => None,
    };
    let app = &state.socket_app;
    let signature = sign_channel(app.secret.expose(), &socket_id, &request.channel_name, channel_data.as_deref());
    Ok(HttpResponse::Ok().json(AuthorizationResponse { auth: format!("{}:{signature}", app.key), channel_data }))
}

/// What client libraries send. Fields that they add are ignored: they are not ours to name.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AuthenticateUserRequest {
    #[schema(schema_with = text_schema::socket_id)]
    socket_id: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UserAuthentication)]
struct AuthenticationResponse {
    auth: String,
    user_data: String,
}

/// Who a socket is; the socket server reads it back.
#[derive(Serialize)]
struct UserData<'a> {
    id: String,
    user_info: UserInfo<'a>,
    /// Nobody: rooms have presence channels, which tell who is there.
    watchlist: [String; 0],
    /// As in [`ChannelData`].
    credential: Credential,
}

/// `POST /broadcasting/user-auth`: the socket signs in as the caller.
#[utoipa::path(
    post, path = "/broadcasting/user-auth", tag = "Sockets",
    request_body(content((AuthenticateUserRequest = "application/json"), (AuthenticateUserRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The signature with which the socket signs in", body = AuthenticationResponse),
    ),
    extensions(("x-problems" = json!(["invalid_socket_id"]))),
)]
pub(crate) async fn authenticate_user(
    state: web::Data<WebState>,
    identity: Identity,
    FormOrJson(request): FormOrJson<AuthenticateUserRequest>,
) -> Result<HttpResponse, ApiError> {
    let socket_id = require_socket_id(&request.socket_id)?.to_string();
    let data = UserData {
        id: identity.user_id().to_string(),
        user_info: user_info(&identity),
        watchlist: [],
        credential: identity.credential,
    };
    let user_data = serde_json::to_string(&data).map_err(|error| ApiError::Internal(error.to_string()))?;
    let app = &state.socket_app;
    let signature = sign_user(app.secret.expose(), &socket_id, &user_data);
    Ok(HttpResponse::Ok().json(AuthenticationResponse { auth: format!("{}:{signature}", app.key), user_data }))
}

async fn require_right(state: &WebState, identity: &Identity, channel_name: &str) -> Result<(), ApiError> {
    let may_join = match ChatChannel::from_name(channel_name) {
        Some(ChatChannel::Room(id) | ChatChannel::RoomPresence(id)) => {
            state.store.is_member(identity.user_id(), id).await?
        }
        Some(ChatChannel::Document(id)) => state.store.may_write_document(identity.user_id(), id).await?,
        Some(ChatChannel::OpenRooms) => true,
        Some(ChatChannel::User(id)) => id == identity.user_id(),
        None => false,
    };
    if may_join { Ok(()) } else { Err(ApiError::Refused(Refusal::ChannelRefused)) }
}

/// Whether the signature says whose it is. The protocol has that in presence channels alone; Hubbub's socket server takes it
/// in private ones too, and can take somebody out of them by it.
pub(crate) fn is_named(state: &WebState, channel_name: &str) -> bool {
    !state.config.bus.foreign_socket_server || channel_name.starts_with("presence-")
}

/// Anything else could make the signed text mean something else, for its parts are joined by colons.
pub(crate) fn require_socket_id(socket_id: &str) -> Result<SocketId, InvalidField> {
    let invalid = |_| InvalidField::new("socket_id", Refusal::InvalidSocketId, "A socket_id looks like 123.456.");
    socket_id.parse().map_err(invalid)
}

pub(crate) fn channel_data(identity: &Identity, issued_at: Timestamp) -> Result<String, ApiError> {
    let data = ChannelData {
        user_id: identity.user_id().to_string(),
        user_info: user_info(identity),
        issued_at: issued_at.unix_millis(),
        credential: identity.credential,
    };
    serde_json::to_string(&data).map_err(|error| ApiError::Internal(error.to_string()))
}

fn user_info(identity: &Identity) -> UserInfo<'_> {
    UserInfo { username: identity.user.username.as_str(), name: identity.user.name.as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_id_cannot_smuggle_in_another_channel() {
        assert!(require_socket_id("123.456").is_ok());
        for socket_id in ["", "1", "1.", ".1", "1.2.3", "1.2:private-room.1", "1.2:", "a.b", "1.2\n", "+1.2", "١.٢"] {
            assert!(require_socket_id(socket_id).is_err(), "{socket_id:?}");
        }
    }
}
