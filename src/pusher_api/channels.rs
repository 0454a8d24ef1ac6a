//! Queries about channels: which are occupied, their attributes, their users.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::broadcast::ChannelKey;
use crate::bus::{Query, QueryResult};
use crate::pusher::{ChannelKind, ChannelName};

use super::error::CallError;
use super::info::{InfoRequest, InfoResponse};
use super::signed_call::SignedCall;

/// `{"channels":{"presence-x":{"user_count":2}}}`: the occupied ones.
#[derive(Serialize, ToSchema)]
#[schema(as = PusherChannels)]
struct ChannelsResponse {
    channels: BTreeMap<String, InfoResponse>,
    /// Some node did not answer in time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
}

/// `{"occupied":true,"user_count":2}`.
#[derive(Serialize, ToSchema)]
#[schema(as = PusherChannel)]
struct ChannelResponse {
    occupied: bool,
    #[serde(flatten)]
    info: InfoResponse,
    /// Some node did not answer in time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
}

/// `{"users":[{"id":"1"}]}`.
#[derive(Serialize, ToSchema)]
#[schema(as = PusherUsers)]
struct UsersResponse {
    users: Vec<UserResponse>,
    /// Some node did not answer in time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
}

/// `{"connections":3}`.
#[derive(Serialize, ToSchema)]
#[schema(as = PusherConnections)]
struct ConnectionsResponse {
    connections: usize,
    /// Some node did not answer in time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PusherUser)]
struct UserResponse {
    id: String,
}

/// `GET /apps/{id}/channels`.
#[utoipa::path(
    method(get, head), path = "/apps/{app_id}/channels", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id"), ("info" = Option<String>, Query, pattern = "^((user_count|subscription_count)(,(user_count|subscription_count))*)?$", description = "Asks for these attributes of the channels; `user_count` of presence channels only"), ("filter_by_prefix" = Option<String>, Query, description = "Only channels whose name begins so")),
    responses((status = 200, description = "The channels that somebody has joined", body = ChannelsResponse)),
)]
pub(super) async fn list_channels(call: SignedCall) -> Result<HttpResponse, CallError> {
    let info = InfoRequest::parse(call.parameter("info").as_deref())?;
    let prefix = call.parameter("filter_by_prefix").unwrap_or_default();
    if info.user_count && !prefix.starts_with("presence-") {
        // To the letter what the hosted service says, which the suites of some SDKs compare.
        let reason = "user_count may only be requested for presence channels - please supply filter_by_prefix begining with \
                      presence-";
        return Err(CallError::bad_request(reason));
    }
    if info.cache {
        return Err(CallError::bad_request("info: cache is asked of one channel"));
    }
    let QueryResult { channels, is_partial: partial, .. } = ask(&call, Query::Channels(call.app.id, prefix)).await?;
    let channels = channels.into_iter().map(|(name, state)| (name.to_string(), info.of(&name, &state))).collect();
    Ok(HttpResponse::Ok().json(ChannelsResponse { channels, partial }))
}

/// `GET /apps/{id}/channels/{channel}`.
#[utoipa::path(
    method(get, head), path = "/apps/{app_id}/channels/{channel}", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id"), ("channel" = String, Path, pattern = "^(#server-to-user-)?[A-Za-z0-9_=@,.;-]{1,200}$"), ("info" = Option<String>, Query, pattern = "^((user_count|subscription_count|cache)(,(user_count|subscription_count|cache))*)?$", description = "Asks for these attributes of the channel")),
    responses((status = 200, description = "Whether somebody has joined the channel, and its attributes", body = ChannelResponse)),
)]
pub(super) async fn show_channel(
    call: SignedCall,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, CallError> {
    let key = channel_key(&call, &path.1)?;
    let request = InfoRequest::parse(call.parameter("info").as_deref())?;
    request.require_fit(&key.name)?;
    let name = key.name.clone();
    let mut answer = ask(&call, Query::Channel(key)).await?;
    let (state, partial) = (answer.channels.remove(&name).unwrap_or_default(), answer.is_partial);
    let occupied = state.socket_count > 0;
    Ok(HttpResponse::Ok().json(ChannelResponse { occupied, info: request.of(&name, &state), partial }))
}

/// `GET /apps/{id}/channels/{channel}/users`.
#[utoipa::path(
    method(get, head), path = "/apps/{app_id}/channels/{channel}/users", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id"), ("channel" = String, Path, pattern = "^presence-[A-Za-z0-9_=@,.;-]{0,191}$")),
    responses((status = 200, description = "The users in a presence channel", body = UsersResponse)),
)]
pub(super) async fn list_users(call: SignedCall, path: web::Path<(String, String)>) -> Result<HttpResponse, CallError> {
    let key = channel_key(&call, &path.1)?;
    if key.name.kind() != ChannelKind::Presence {
        return Err(CallError::bad_request("Users can only be retrieved for presence channels"));
    }
    let QueryResult { users, is_partial: partial, .. } = ask(&call, Query::Users(key)).await?;
    let users = users.into_iter().map(|id| UserResponse { id }).collect();
    Ok(HttpResponse::Ok().json(UsersResponse { users, partial }))
}

/// `GET /apps/{id}/connections`, as Reverb has it: how many sockets the app has, `{"connections":3}`.
#[utoipa::path(
    method(get, head), path = "/apps/{app_id}/connections", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id")),
    responses((status = 200, description = "How many sockets the app has", body = ConnectionsResponse)),
)]
pub(super) async fn count_connections(call: SignedCall) -> Result<HttpResponse, CallError> {
    let QueryResult { connections, is_partial: partial, .. } = ask(&call, Query::Connections(call.app.id)).await?;
    Ok(HttpResponse::Ok().json(ConnectionsResponse { connections, partial }))
}

async fn ask(call: &SignedCall, query: Query) -> Result<QueryResult, CallError> {
    call.api.broadcaster().query(query).await.ok_or(CallError::Stopping)
}

fn channel_key(call: &SignedCall, name: &str) -> Result<ChannelKey, CallError> {
    let name = ChannelName::parse(name).map_err(|invalid| CallError::bad_request(invalid.to_string()))?;
    Ok(ChannelKey { app: call.app.id, name })
}
