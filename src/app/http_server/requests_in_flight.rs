//! Counts the requests that are being answered, so that the end of the process waits for them and for nothing else.
//!
//! While the process ends, each answer closes its connection (`Connection: close`): a client that asks all the time would
//! otherwise have its next request cut off, and would not know whether it was carried out.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, ThinData};
use tokio::time::{Instant, sleep};

/// Requests from their head to the end of their answer's body. Connections that wait for a request do not count, and
/// neither do sockets.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct RequestsInFlight(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    in_flight: AtomicUsize,
    /// All since the start.
    begun: AtomicUsize,
    is_ending: AtomicBool,
}

/// How often the end looks whether a request is left.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long no request must have begun before the end. A connection whose last answer did not close it may have the next
/// request on its way.
const QUIET: Duration = Duration::from_millis(100);

impl RequestsInFlight {
    /// Has every answer close its connection from here on, and waits until no request is left, or this time is over.
    pub(in crate::app) async fn end(&self, within: Duration) {
        self.0.is_ending.store(true, Ordering::Release);
        let deadline = Instant::now() + within;
        let (mut begun, mut quiet_since) = (self.0.begun.load(Ordering::Acquire), Instant::now());
        while Instant::now() < deadline {
            sleep(LOOK_EVERY).await;
            let now = self.0.begun.load(Ordering::Acquire);
            if now != begun || self.0.in_flight.load(Ordering::Acquire) > 0 {
                (begun, quiet_since) = (now, Instant::now());
            } else if quiet_since.elapsed() >= QUIET {
                return;
            }
        }
    }

    fn begin(&self) -> InFlight {
        self.0.in_flight.fetch_add(1, Ordering::AcqRel);
        self.0.begun.fetch_add(1, Ordering::AcqRel);
        InFlight(self.clone())
    }

    fn is_ending(&self) -> bool {
        self.0.is_ending.load(Ordering::Acquire)
    }
}

/// One request; it ends when this is dropped.
struct InFlight(RequestsInFlight);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A middleware that counts a request, and closes its connection with the answer while the process ends.
pub(super) async fn count_request(
    requests: ThinData<RequestsInFlight>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<CountedBody>, Error> {
    let in_flight = requests.begin();
    let mut response = next.call(request).await?;
    let is_socket = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    if requests.is_ending() && !is_socket {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
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
