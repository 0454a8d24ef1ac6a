//! Authorises a socket for many channels with one request: a page with a hundred rooms sends one request instead of a hundred.

use std::collections::HashSet;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bus::ChatChannel;
use crate::domain::{DocumentId, RoomId, Timestamp, UserId};
use crate::pusher::signature::sign_channel;

use crate::http::broadcasting::{channel_data, is_named, require_socket_id};
use crate::http::error::ApiError;
use crate::http::pipeline::body::Json;
use crate::http::pipeline::identity::Identity;
use crate::http::state::WebState;
use crate::http::text_schema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizeChannelsRequest {
    #[schema(schema_with = text_schema::socket_id)]
    socket_id: String,
    /// As many as the body may hold (`HUBBUB_MAX_BODY_BYTES`).
    channel_names: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChannelAuthorizations)]
struct AuthorizationsResponse {
    /// In the order of the request, each once.
    channels: Vec<NamedAuthorization>,
    /// The channels that the caller may not join, whether they exist or not.
    refused: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = NamedChannelAuthorization)]
struct NamedAuthorization {
    channel_name: String,
    auth: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    channel_data: Option<String>,
}

/// `POST /broadcasting/auth/channels`.
#[utoipa::path(
    post, path = "/broadcasting/auth/channels", tag = "Sockets",
    request_body = AuthorizeChannelsRequest,
    responses(
        (status = 200, description = "The signatures with which the socket joins the channels", body = AuthorizationsResponse),
    ),
    extensions(("x-problems" = json!(["invalid_socket_id"]))),
)]
pub(crate) async fn authorize_channels(
    state: web::Data<WebState>,
    identity: Identity,
    Json(request): Json<AuthorizeChannelsRequest>,
) -> Result<HttpResponse, ApiError> {
    // Taken before the memberships are looked up: whoever is removed after that look is removed after this moment.
    let issued_at = Timestamp::now();
    let socket_id = require_socket_id(&request.socket_id)?.to_string();
    let rights = Rights::read(&state, &identity, &request.channel_names).await?;
    let app = &state.socket_app;
    let mut seen = HashSet::new();
    let mut answer = AuthorizationsResponse { channels: Vec::new(), refused: Vec::new() };
    for channel_name in request.channel_names {
        if !seen.insert(channel_name.clone()) {
            continue;
        }
        if !rights.allow(&channel_name) {
            answer.refused.push(channel_name);
            continue;
        }
        let channel_data = match is_named(&state, &channel_name) {
            true => Some(channel_data(&identity, issued_at)?),
            false => None,
        };
        let signature = sign_channel(app.secret.expose(), &socket_id, &channel_name, channel_data.as_deref());
        let auth = format!("{}:{signature}", app.key);
        answer.channels.push(NamedAuthorization { channel_name, auth, channel_data });
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// What one person may join of what they asked for, read at once.
struct Rights {
    user_id: UserId,
    rooms: HashSet<RoomId>,
    documents: HashSet<DocumentId>,
}

impl Rights {
    async fn read(state: &WebState, identity: &Identity, channel_names: &[String]) -> Result<Self, ApiError> {
        let user_id = identity.user_id();
        let asked = || channel_names.iter().filter_map(|name| ChatChannel::from_name(name));
        let asks_rooms = asked().any(|channel| matches!(channel, ChatChannel::Room(_) | ChatChannel::RoomPresence(_)));
        let documents: Vec<_> = asked()
            .filter_map(|channel| match channel {
                ChatChannel::Document(id) => Some(id),
                ChatChannel::Room(_) | ChatChannel::RoomPresence(_) | ChatChannel::OpenRooms | ChatChannel::User(_) => {
                    None
                }
            })
            .collect();
        let rooms = match asks_rooms {
            true => state.store.log_heads_of_user(user_id).await?.into_iter().map(|(room, _)| room).collect(),
            false => HashSet::new(),
        };
        let documents = match documents.is_empty() {
            true => HashSet::new(),
            false => state.store.writable_documents(user_id, documents).await?,
        };
        Ok(Self { user_id, rooms, documents })
    }

    fn allow(&self, channel_name: &str) -> bool {
        match ChatChannel::from_name(channel_name) {
            Some(ChatChannel::Room(id) | ChatChannel::RoomPresence(id)) => self.rooms.contains(&id),
            Some(ChatChannel::Document(id)) => self.documents.contains(&id),
            Some(ChatChannel::OpenRooms) => true,
            Some(ChatChannel::User(id)) => id == self.user_id,
            None => false,
        }
    }
}
