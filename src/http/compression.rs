//! Which answers are compressed, for clients that accept it.

use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;

/// Shorter answers fit in one packet as they are.
const MIN_BYTES: u64 = 1_024;
/// What `Compress` leaves alone.
const AS_IT_IS: HeaderValue = HeaderValue::from_static("identity");

/// Marks what is not worth compressing, or must not be: files, of which a part may be asked, and streams. Goes inside of
/// `actix_web::middleware::Compress`.
pub(crate) async fn choose(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let is_long = matches!(response.response().body().size(), BodySize::Sized(bytes) if bytes >= MIN_BYTES);
    let is_worth_it = is_long && is_json(&response);
    if !is_worth_it && !response.headers().contains_key(CONTENT_ENCODING) {
        response.headers_mut().insert(CONTENT_ENCODING, AS_IT_IS);
    }
    Ok(response)
}

/// Removes the mark, which says nothing to a client. Goes outside of `Compress`.
pub(crate) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    if is_json(&response) && response.headers().get(CONTENT_ENCODING) == Some(&AS_IT_IS) {
        response.headers_mut().remove(CONTENT_ENCODING);
    }
    Ok(response)
}

fn is_json<B>(response: &ServiceResponse<B>) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.starts_with("application/json")
}
