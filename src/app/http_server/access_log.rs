//! The access log: a line for each request that was answered, where `HUBBUB_ACCESS_LOG` is set.

use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::USER_AGENT;
use actix_web::middleware::Next;
use actix_web::web::ThinData;
use actix_web::{Error, HttpMessage, HttpRequest};
use tracing::info;

use crate::domain::UserId;
use crate::http::client_ip;

/// Whether there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccessLog(pub(super) bool);

/// Logs the request with its answer. The address comes second, and what the caller chose comes last and in quotes: no
/// filter can be deceived by it. Paths are logged, queries are not.
///
/// # Errors
/// Those of the layers within.
pub(super) async fn log_access(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !request.app_data::<ThinData<AccessLog>>().is_some_and(|log| log.0.0) {
        return next.call(request).await;
    }
    let began = Instant::now();
    let response = next.call(request).await?;
    let request = response.request();
    let bytes = match response.response().body().size() {
        BodySize::None => Some(0),
        BodySize::Sized(bytes) => Some(bytes),
        BodySize::Stream => None,
    };
    let duration_ms = (began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    info!(
        address = address(request),
        status = response.status().as_u16(),
        duration_ms,
        bytes,
        user_id = request.extensions().get::<UserId>().map(|id| id.0),
        method = %request.method(),
        path = ?request.path(),
        user_agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()),
        "access"
    );
    Ok(response)
}

/// The caller's, or the neighbour's where there is no API that trusts a proxy.
fn address(request: &HttpRequest) -> String {
    let caller = client_ip(request).ok().or_else(|| request.peer_addr().map(|peer| peer.ip()));
    caller.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
}
