//! Counts the requests that are being answered, so that the end of the process waits for them and for nothing else.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, ThinData};
use tokio::time::{Instant, sleep};

/// Requests from their head to the end of their answer's body. Connections that wait for a request do not count, and
/// neither do sockets.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct RequestsInFlight(Arc<AtomicUsize>);

/// How often the end looks whether a request is left.
const LOOK_EVERY: Duration = Duration::from_millis(5);

impl RequestsInFlight {
    /// Waits until no request is in flight, or this time is over.
    pub(in crate::app) async fn ended(&self, within: Duration) {
        let deadline = Instant::now() + within;
        while self.0.load(Ordering::Acquire) > 0 && Instant::now() < deadline {
            sleep(LOOK_EVERY).await;
        }
    }

    fn begin(&self) -> InFlight {
        self.0.fetch_add(1, Ordering::AcqRel);
        InFlight(self.clone())
    }
}

/// One request; it ends when this is dropped.
struct InFlight(RequestsInFlight);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A middleware that counts a request.
pub(super) async fn count_request(
    requests: ThinData<RequestsInFlight>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<CountedBody>, Error> {
    let in_flight = requests.begin();
    let response = next.call(request).await?;
    let is_socket = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let in_flight = Some(in_flight).filter(|_| !is_socket);
    Ok(response.map_body(|_, body| CountedBody { body: body.boxed(), in_flight }))
}

/// The body of a counted request's answer.
pub(super) struct CountedBody {
    body: BoxBody,
    in_flight: Option<InFlight>,
}

impl MessageBody for CountedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, in_flight } = self;
        body.try_into_bytes().map_err(|body| Self { body, in_flight })
    }
}
