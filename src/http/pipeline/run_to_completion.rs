//! Runs a changing request (POST, PUT, PATCH, DELETE) in a task of its own, so that a client that disconnects cannot cancel
//! it between commit and dispatch.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, rt};
use tracing::{Instrument, Span};

use crate::http::error::ApiError;

/// The middleware. actix drops a handler together with its connection; without the task, what was stored by then would
/// never be dispatched.
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
