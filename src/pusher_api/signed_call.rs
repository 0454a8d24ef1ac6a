//! The extractor of all calls: verifies the signature over the path, the time and the body.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::dev;
use actix_web::web::{Bytes, Payload, ThinData};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use crate::pusher::{ApiCall, App, AppId, AppLimits, ChannelName, verify_call};

use super::error::CallError;
use super::state::PusherApi;

/// A call that an application signed.
pub(super) struct SignedCall {
    pub(super) api: PusherApi,
    pub(super) app: Arc<App>,
    query: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) idempotency_key: Option<String>,
}

impl SignedCall {
    /// The body as JSON of a known form.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| CallError::bad_request(format!("the body: {error}")))
    }

    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl FromRequest for SignedCall {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), Payload::from_request(request, payload));
        let api = ThinData::<PusherApi>::extract(&request);
        Box::pin(async move {
            let (api, payload) = (api.await?.0, payload.await?);
            let call = verify_request(&api, &request, payload).await;
            let counts = api.counts();
            let count = if call.is_ok() { &counts.accepted } else { &counts.refused };
            count.fetch_add(1, Ordering::Relaxed);
            Ok(call?)
        })
    }
}

async fn verify_request(api: &PusherApi, request: &HttpRequest, payload: Payload) -> Result<SignedCall, CallError> {
    let app = find_app(api, request)?;
    let body = read_body(payload, &app.limits).await?;
    verify(api.clone(), app, request, body)
}

fn find_app(api: &PusherApi, request: &HttpRequest) -> Result<Arc<App>, CallError> {
    let id = request.match_info().query("app_id");
    let app = id.parse::<AppId>().ok().and_then(|id| api.apps().by_id(id));
    app.ok_or_else(|| CallError::UnknownApp(id.to_owned()))
}

/// Reads no more than the app's largest batch can need: the size of an unauthenticated body must be bounded.
async fn read_body(payload: Payload, limits: &AppLimits) -> Result<Bytes, CallError> {
    // One byte of data takes up to six in JSON: \u0000. Names and the rest are short beside it.
    let event_bytes = limits.max_event_data_bytes.saturating_mul(6).saturating_add(2_048);
    let channels_bytes = limits.max_channels_per_event.saturating_mul(ChannelName::MAX_BYTES + 3);
    let max_bytes = event_bytes.saturating_mul(limits.max_events_per_batch).saturating_add(channels_bytes);
    match payload.to_bytes_limited(max_bytes).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(CallError::bad_request(format!("the body: {error}"))),
        Err(_) => Err(CallError::TooLarge(format!(
            "the body has more than {max_bytes} bytes, which the app's limits allow \
             (HUBBUB_MAX_EVENT_DATA_BYTES, HUBBUB_MAX_EVENTS_PER_BATCH)"
        ))),
    }
}

fn verify(api: PusherApi, app: Arc<App>, request: &HttpRequest, body: Bytes) -> Result<SignedCall, CallError> {
    let query: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string())
        .map_err(|error| CallError::bad_request(format!("the query: {error}")))?;
    let call = ApiCall { method: request.method().as_str(), path: request.path(), query: &query, body: &body };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    verify_call(call, &app.key, &app.secret, now)?;
    if !app.is_enabled {
        return Err(CallError::AppDisabled);
    }
    let idempotency_key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let idempotency_key = idempotency_key.map(str::to_owned);
    Ok(SignedCall { api, app, query, body, idempotency_key })
}
