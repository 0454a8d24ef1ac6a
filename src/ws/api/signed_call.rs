//! The only way into the API: a call whose signature fits its app, its time and its body.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::dev::Payload;
use actix_web::web::{Bytes, ThinData};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use crate::pusher::{ApiCall, App, AppId, verify_call};
use crate::ws::SocketServer;

use super::error::CallError;

/// A call that an application signed.
pub(super) struct SignedCall {
    pub(super) server: SocketServer,
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

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), Bytes::from_request(request, payload));
        let server = ThinData::<SocketServer>::extract(&request);
        Box::pin(async move {
            let (server, body) = (server.await?.0, body.await?);
            Ok(verify(server, &request, body)?)
        })
    }
}

fn verify(server: SocketServer, request: &HttpRequest, body: Bytes) -> Result<SignedCall, CallError> {
    let id = request.match_info().query("app_id");
    let app = id.parse::<AppId>().ok().and_then(|id| server.apps().by_id(id));
    let app = app.ok_or_else(|| CallError::UnknownApp(id.to_owned()))?;
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
    Ok(SignedCall { server, app, query, body, idempotency_key })
}
