//! Publishing: an application's event goes on the bus, like the chat's own.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use indexmap::IndexSet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::broadcast::ChannelKey;
use crate::bus::Envelope;
use crate::pusher::{App, AppId, ChannelKind, ChannelName, MAX_EVENT_NAME_CHARS, SocketId};

use super::error::CallError;
use super::idempotency::Claim;
use super::info::{InfoRequest, InfoResponse};
use super::signed_call::SignedCall;

/// `{"name":"e","data":"…","channels":["c"],"socket_id":"1.2","info":"user_count"}`, or one `channel`.
#[derive(Deserialize, ToSchema)]
#[schema(as = PusherEvent)]
pub(super) struct PublishRequest {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// At most `HUBBUB_MAX_EVENT_DATA_BYTES`.
    data: String,
    #[serde(default)]
    #[schema(schema_with = channel_names)]
    channels: Vec<String>,
    #[serde(default)]
    #[schema(pattern = "^(#server-to-user-)?[A-Za-z0-9_=@,.;-]+$", max_length = 200)]
    channel: Option<String>,
    /// This socket is not sent the event.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{1,19}\\.[0-9]{1,19}$")]
    socket_id: Option<String>,
    /// Asks for these attributes of the channels.
    #[serde(default)]
    #[schema(pattern = "^((user_count|subscription_count|cache)(,(user_count|subscription_count|cache))*)?$")]
    info: Option<String>,
}

fn channel_names() -> Array {
    let pattern = "^(#server-to-user-)?[A-Za-z0-9_=@,.;-]+$";
    let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).max_length(Some(200));
    ArrayBuilder::new().items(name).max_items(Some(100)).build()
}

/// `{"batch":[{"name":"e","data":"…","channel":"c"}]}`.
#[derive(Deserialize, ToSchema)]
#[schema(as = PusherBatch)]
pub(super) struct BatchRequest {
    #[schema(min_items = 1, max_items = 10)]
    batch: Vec<PublishRequest>,
}

/// `{}`, or what was asked of each channel.
#[derive(Serialize, ToSchema)]
#[schema(as = PusherPublished)]
struct PublishResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    channels: Option<BTreeMap<String, InfoResponse>>,
}

/// `{}`, or what was asked of each event's channel, in order.
#[derive(Serialize, ToSchema)]
#[schema(as = PusherBatchPublished)]
struct BatchResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    batch: Option<Vec<InfoResponse>>,
}

/// An event that may be published.
struct Publication {
    name: String,
    data: String,
    channels: Vec<ChannelName>,
    except: Option<SocketId>,
    info: InfoRequest,
}

/// `POST /apps/{id}/events`.
#[utoipa::path(
    post, path = "/apps/{app_id}/events", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id"), ("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key and body publishes nothing")),
    request_body = PublishRequest,
    responses((status = 200, description = "Published, or handed over to the bus", body = PublishResponse)),
)]
pub(super) async fn publish_event(call: SignedCall) -> Result<HttpResponse, CallError> {
    let publication = Publication::parse(publish_request(&call)?, &call.app)?;
    publish(&call, std::slice::from_ref(&publication))?;
    if publication.info.is_empty() {
        return Ok(HttpResponse::Ok().json(PublishResponse { channels: None }));
    }
    let mut channels = BTreeMap::new();
    for channel in &publication.channels {
        channels.insert(channel.to_string(), info(&call, channel, publication.info).await?);
    }
    Ok(HttpResponse::Ok().json(PublishResponse { channels: Some(channels) }))
}

/// What is to be published: from the body, and what the body lacks from the query, where older libraries put it.
fn publish_request(call: &SignedCall) -> Result<PublishRequest, CallError> {
    let mut request: Map<String, Value> = if call.body.is_empty() { Map::new() } else { call.object()? };
    for name in ["name", "data", "channel", "socket_id", "info"] {
        if let Some(value) = call.parameter(name)
            && !request.contains_key(name)
        {
            request.insert(name.to_owned(), value.into());
        }
    }
    let channels: Vec<Value> = call.parameters("channels").map(Value::from).collect();
    if !channels.is_empty() && !request.contains_key("channels") {
        request.insert("channels".to_owned(), channels.into());
    }
    serde_json::from_value(request.into()).map_err(|error| CallError::bad_request(format!("the event: {error}")))
}

/// `POST /apps/{id}/batch_events`: all of the batch, or nothing when one of it is wrong.
#[utoipa::path(
    post, path = "/apps/{app_id}/batch_events", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id"), ("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key and body publishes nothing")),
    request_body = BatchRequest,
    responses((status = 200, description = "All of the batch is published", body = BatchResponse)),
)]
pub(super) async fn publish_batch(call: SignedCall) -> Result<HttpResponse, CallError> {
    let BatchRequest { batch } = call.json()?;
    let max_events = call.app.limits.max_events_per_batch;
    if batch.is_empty() || batch.len() > max_events {
        return Err(CallError::bad_request(format!(
            "a batch has 1 to {max_events} events (HUBBUB_MAX_EVENTS_PER_BATCH)"
        )));
    }
    let publications =
        batch.into_iter().map(|request| Publication::parse(request, &call.app)).collect::<Result<Vec<_>, _>>()?;
    publish(&call, &publications)?;
    if publications.iter().all(|publication| publication.info.is_empty()) {
        return Ok(HttpResponse::Ok().json(BatchResponse { batch: None }));
    }
    let mut infos = Vec::with_capacity(publications.len());
    for publication in &publications {
        infos.push(match publication.channels.first() {
            Some(channel) if !publication.info.is_empty() => info(&call, channel, publication.info).await?,
            _ => InfoResponse::default(),
        });
    }
    Ok(HttpResponse::Ok().json(BatchResponse { batch: Some(infos) }))
}

/// Puts what a call publishes on the bus, all of it or nothing; nothing either when a call with the same
/// `Idempotency-Key` has done so before.
fn publish(call: &SignedCall, publications: &[Publication]) -> Result<(), CallError> {
    let (app, key) = (call.app.id, call.idempotency_key.as_deref());
    let used_keys = &call.api.used_keys();
    match key.map_or(Claim::New, |key| used_keys.claim(app, key, &call.body)) {
        Claim::New => {}
        Claim::Repeated => return Ok(()),
        Claim::Conflict => return Err(CallError::KeyReused),
    }
    let envelopes = publications.iter().flat_map(|publication| publication.envelopes(app)).collect();
    call.api.broker().publish_all(envelopes).map_err(|_| {
        key.inspect(|key| used_keys.release(app, key));
        CallError::Busy
    })
}

async fn info(call: &SignedCall, channel: &ChannelName, request: InfoRequest) -> Result<InfoResponse, CallError> {
    let key = ChannelKey { app: call.app.id, name: channel.clone() };
    let info = call.api.broadcaster().channel_info(key).await.ok_or(CallError::Stopping)?;
    Ok(request.of(channel, &info))
}

impl Publication {
    fn parse(request: PublishRequest, app: &App) -> Result<Self, CallError> {
        let PublishRequest { name, data, channels, channel, socket_id, info } = request;
        if name.is_empty() || name.chars().count() > MAX_EVENT_NAME_CHARS {
            let reason = format!("an event's name has 1 to {MAX_EVENT_NAME_CHARS} characters");
            return Err(CallError::bad_request(reason));
        }
        let max_bytes = app.limits.max_event_data_bytes;
        if data.len() > max_bytes {
            return Err(CallError::TooLarge(format!(
                "The data content of this event exceeds the allowed maximum ({max_bytes} bytes, HUBBUB_MAX_EVENT_DATA_BYTES): it \
                 has {}",
                data.len()
            )));
        }
        let channels = parse_channels(channels.into_iter().chain(channel), app.limits.max_channels_per_event)?;
        let except = socket_id.as_deref().map(str::parse).transpose();
        let except = except.map_err(|invalid| CallError::bad_request(format!("socket_id: {invalid}")))?;
        Ok(Self { name, data, channels, except, info: InfoRequest::parse(info.as_deref())? })
    }

    /// The event, once for each channel.
    fn envelopes(&self, app: AppId) -> impl Iterator<Item = Envelope> {
        self.channels.iter().map(move |channel| Envelope {
            channel: ChannelKey { app, name: channel.clone() },
            event: self.name.clone(),
            data: self.data.clone(),
            except: self.except,
            head: None,
            timeline: None,
        })
    }
}

fn parse_channels(names: impl Iterator<Item = String>, max_channels: usize) -> Result<Vec<ChannelName>, CallError> {
    let parse = |name: String| {
        ChannelName::parse(&name).map_err(|invalid| CallError::bad_request(format!("the channel {name:?}: {invalid}")))
    };
    // A channel that is named twice gets the event once.
    let channels = names.map(parse).collect::<Result<IndexSet<_>, _>>()?;
    let channels: Vec<_> = channels.into_iter().collect();
    if channels.is_empty() || channels.len() > max_channels {
        let reason = format!("an event goes to 1 to {max_channels} channels (HUBBUB_MAX_CHANNELS_PER_EVENT)");
        return Err(CallError::bad_request(reason));
    }
    // Each encrypted channel has a key of its own, so that one ciphertext cannot be meant for two.
    if channels.len() > 1 && channels.iter().any(|channel| channel.kind() == ChannelKind::PrivateEncrypted) {
        return Err(CallError::bad_request("an event for an encrypted channel goes to that channel alone"));
    }
    Ok(channels)
}
