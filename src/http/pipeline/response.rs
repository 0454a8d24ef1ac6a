//! The middleware around all handlers: the request's id, problems in one form, headers that keep browsers safe, and changes
//! that run to their end.

use std::borrow::Cow;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, rt, web};
use tracing::{Instrument, Span};

use crate::domain::Refusal;
use crate::http::error::ApiError;
use crate::http::instance::openapi::allowed_methods;
use crate::http::instance::page::{PAGE_BUILD, page_build};
use crate::http::rations::counters::RationState;
use crate::http::state::WebState;

/// The header that carries the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps everything that the server answers. Put it around `TracingLogger`, so that the span knows the request's id and
/// sees the error before it becomes a problem.
///
/// # Errors
/// Those of the layers within.
pub async fn finish_response(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody, BoxBody>>, Error> {
    let request_id = request_id(request.headers());
    request.headers_mut().insert(REQUEST_ID, request_id.clone());
    if let Some(state) = request.app_data::<web::Data<WebState>>()
        && let Some(name) = state.hosts.foreign_name(request.request())
    {
        let mut response = ApiError::ForeignHost(name).to_response(request_id.to_str().ok()).map_into_right_body();
        response.headers_mut().insert(REQUEST_ID, request_id);
        return Ok(request.into_response(response));
    }
    let (request, response) = next.call(request).await?.into_parts();
    let problem = match response.error().map(|error| error.as_error::<ApiError>()) {
        Some(Some(error)) => Some(error.to_response(request_id.to_str().ok())),
        Some(None) | None => {
            stray_error(response.status(), response.headers()).map(|error| error.to_response(request_id.to_str().ok()))
        }
    };
    let mut response = match problem {
        Some(problem) => problem.map_into_right_body(),
        None => response.map_into_left_body(),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Some(methods) = request.match_pattern().as_deref().and_then(allowed_methods)
    {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    }
    if let Some(state) = request.extensions().get::<RationState>() {
        state.add_headers(response.headers_mut());
    }
    let is_unchanged = response.status() == StatusCode::NOT_MODIFIED;
    add_security_headers(response.headers_mut(), &request, is_unchanged);
    response.headers_mut().insert(REQUEST_ID, request_id);
    if request.path().starts_with("/api/v1/")
        && let Some(build) = page_build()
    {
        response.headers_mut().insert(PAGE_BUILD, build);
    }
    Ok(ServiceResponse::new(request, response))
}

/// Runs a changing request (POST, PUT, PATCH, DELETE) in a task of its own, so that a client that disconnects cannot cancel
/// it between commit and dispatch: actix drops a handler together with its connection.
///
/// # Errors
/// Those of the layers within, and `internal` when they panic.
pub(crate) async fn run_to_completion<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method().is_safe() {
        return next.call(request).await;
    }
    let handling = next.call(request).instrument(Span::current());
    rt::spawn(handling).await.map_err(|panic| ApiError::Internal(panic.to_string()))?
}

/// The id that a proxy gave the request, when it is harmless in a log; else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |id: &&HeaderValue| {
        (1..=64).contains(&id.len()) && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b))
    };
    headers.get(REQUEST_ID).filter(is_plain).cloned().unwrap_or_else(|| {
        let id = format!("{:016x}", rand::random::<u64>());
        HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unknown"))
    })
}

/// What actix itself answers with a bare status, as an error of ours.
fn stray_error(status: StatusCode, headers: &HeaderMap) -> Option<ApiError> {
    if headers.contains_key(CONTENT_TYPE) {
        return None;
    }
    match status {
        StatusCode::NOT_FOUND => Some(ApiError::Refused(Refusal::RouteNotFound)),
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::Refused(Refusal::MethodNotAllowed)),
        _ => None,
    }
}

fn add_security_headers(headers: &mut HeaderMap, request: &HttpRequest, is_unchanged: bool) {
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    let policy =
        if is_page { policy_for(request) } else { Cow::Borrowed("default-src 'none'; frame-ancestors 'none'") };
    // The headers of a 304 replace those that the browser has kept with the file: a page would lose its own policy. And a
    // person's file brings a stricter one.
    if let Ok(policy) = HeaderValue::from_str(&policy)
        && !is_unchanged
        && !headers.contains_key(CONTENT_SECURITY_POLICY)
    {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let config = request.app_data::<web::Data<WebState>>().map(|state| &state.config);
    if let Some(config) = config.filter(|config| config.is_secure() && config.http.hsts_secs > 0)
        && let Ok(value) = HeaderValue::try_from(format!("max-age={}", config.http.hsts_secs))
    {
        headers.insert(STRICT_TRANSPORT_SECURITY, value);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn policy_for(request: &HttpRequest) -> Cow<'static, str> {
    let elsewhere = request.app_data::<web::Data<WebState>>().and_then(|state| state.socket_address.as_ref());
    match elsewhere {
        Some(address) => page_policy(&format!(" {address}")),
        None => page_policy(&own_sockets(request.headers().get(HOST).and_then(|host| host.to_str().ok()))),
    }
}

/// The sockets where the page came from.
fn own_sockets(host: Option<&str>) -> String {
    let is_plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    host.filter(is_plain).map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"))
}

/// What the page may load: its own files and nothing inline, so that text which slipped through the sanitiser could still
/// not run. The socket's host is named because older browsers do not count `ws:` to the same host as `'self'`.
fn page_policy(sockets: &str) -> Cow<'static, str> {
    Cow::Owned(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
         connect-src 'self'{sockets}; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_runs_no_inline_script_and_reaches_only_its_own_socket() {
        let policy = page_policy(&own_sockets(Some("chat.example.org:8080")));
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"));
        assert!(policy.contains("connect-src 'self' ws://chat.example.org:8080 wss://chat.example.org:8080;"));
    }

    #[test]
    fn a_host_that_is_none_cannot_widen_the_policy() {
        let policy = page_policy(&own_sockets(Some("evil.example; script-src *")));
        assert!(policy.contains("connect-src 'self';") && !policy.contains("evil"));
    }

    #[test]
    fn a_request_id_that_could_forge_a_log_line_is_replaced() {
        let id_for = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(given));
            request_id(&headers)
        };
        assert_eq!(id_for("01J-abc.7"), "01J-abc.7");
        for given in ["", "a b", "id=\"x\"", "0123456789012345678901234567890123456789012345678901234567890123456789"] {
            assert_ne!(id_for(given), given);
        }
    }
}
