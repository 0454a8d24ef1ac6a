//! Carrying a change to its end.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, rt};
use tracing::{Instrument, Span};

use crate::http::error::ApiError;

/// Has a request that may change something run to its end, also when its caller has hung up: actix drops a handler with
/// its connection, and what was stored by then would never be dispatched.
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
