//! The extractor of all calls: verifies the signature over the path, the time and the body.

use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::dev;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::web::{Bytes, Payload, ThinData};
use actix_web::{FromRequest, HttpRequest};
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::pusher::{ApiAuthError, ApiCall, App, AppLimits, ChannelName, parameter_name, verify_call};

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
        // By way of a map: serde takes a list of values for an object.
        serde_json::from_value(self.object()?.into()).map_err(invalid_body)
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, CallError> {
        serde_json::from_slice(&self.body).map_err(invalid_body)
    }

    /// The body as JSON of a known form whose field `app` is the path's app, whatever the body says: that app's secret signed the call.
    pub(super) fn json_with_app<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let mut body = self.object()?;
        body.insert("app".to_owned(), serde_json::json!(self.app.id));
        serde_json::from_value(body.into()).map_err(invalid_body)
    }

    /// The values of a parameter of the query; several when it is a list.
    pub(super) fn parameters(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query.iter().filter(move |(key, _)| parameter_name(key) == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query; a list is joined by commas.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self.parameters(name).collect();
        (!values.is_empty()).then(|| values.join(","))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn invalid_body(error: serde_json::Error) -> CallError {
    CallError::bad_request(format!("the body: {error}"))
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
    let max_bytes = max_body_bytes(&app.limits);
    let sent = read_body(payload, max_bytes).await?;
    let body = decode_body(request, &sent, max_bytes)?;
    verify(api.clone(), app, request, &sent, body)
}

fn find_app(api: &PusherApi, request: &HttpRequest) -> Result<Arc<App>, CallError> {
    // Of what is encoded in a path, the router leaves the percent sign as it is.
    let id = request.match_info().query("app_id").replace("%25", "%");
    let app = api.apps().now().by_id_text(&id).cloned();
    app.ok_or(CallError::UnknownApp(id))
}

/// What the app's largest batch can need: the size of an unauthenticated body must be bounded.
const fn max_body_bytes(limits: &AppLimits) -> usize {
    // One byte of data takes up to six in JSON: \u0000. Names and the rest are short beside it.
    let event_bytes = limits.max_event_data_bytes.saturating_mul(6).saturating_add(2_048);
    let channels_bytes = limits.max_channels_per_event.saturating_mul(ChannelName::MAX_BYTES + 3);
    event_bytes.saturating_mul(limits.max_events_per_batch).saturating_add(channels_bytes)
}

async fn read_body(payload: Payload, max_bytes: usize) -> Result<Bytes, CallError> {
    match payload.to_bytes_limited(max_bytes).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(CallError::bad_request(format!("the body: {error}"))),
        Err(_) => Err(too_large(max_bytes)),
    }
}

fn too_large(max_bytes: usize) -> CallError {
    CallError::TooLarge(format!(
        "the body has more than {max_bytes} bytes, which the app's limits allow \
         (HUBBUB_MAX_EVENT_DATA_BYTES, HUBBUB_MAX_EVENTS_PER_BATCH)"
    ))
}

/// The body without its `Content-Encoding`.
fn decode_body(request: &HttpRequest, sent: &Bytes, max_bytes: usize) -> Result<Bytes, CallError> {
    let encoding = request.headers().get(CONTENT_ENCODING).map(|encoding| String::from_utf8_lossy(encoding.as_bytes()));
    let encoding = encoding.map(|encoding| encoding.trim().to_lowercase()).unwrap_or_default();
    match encoding.as_str() {
        "" | "identity" => return Ok(sent.clone()),
        "gzip" | "x-gzip" => {}
        _ => return Err(CallError::UnsupportedEncoding(encoding)),
    }
    let mut body = Vec::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(sent.as_ref())
        .take(limit)
        .read_to_end(&mut body)
        .map_err(|error| CallError::bad_request(format!("the body is not gzip: {error}")))?;
    if body.len() > max_bytes { Err(too_large(max_bytes)) } else { Ok(body.into()) }
}

/// `sent` is the body as it came. An SDK may sign it so, or as it was before it was compressed.
fn verify(
    api: PusherApi,
    app: Arc<App>,
    request: &HttpRequest,
    sent: &Bytes,
    body: Bytes,
) -> Result<SignedCall, CallError> {
    let query: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string())
        .map_err(|error| CallError::bad_request(format!("the query: {error}")))?;
    let call = ApiCall { method: request.method().as_str(), path: request.path(), query: &query, body: sent };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match verify_call(call, &app.key, &app.secret, now) {
        Err(ApiAuthError::WrongBody) if body != *sent => {
            verify_call(ApiCall { body: &body, ..call }, &app.key, &app.secret, now)?;
        }
        verified => verified?,
    }
    if !app.is_enabled {
        return Err(CallError::AppDisabled);
    }
    let idempotency_key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let idempotency_key = idempotency_key.map(str::to_owned);
    Ok(SignedCall { api, app, query, body, idempotency_key })
}
