//! The least rate of request bodies: whoever sends a byte a minute holds a connection and memory.

use std::io;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::config::HttpConfig;

/// How slowly a body may come.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyPace {
    /// How long it may take whatever comes.
    pub(super) grace: Duration,
    /// What must have come for each second beyond.
    pub(super) min_bytes_per_sec: u32,
}

impl BodyPace {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self {
            grace: Duration::from_secs(config.body_grace_secs.into()),
            min_bytes_per_sec: config.body_min_bytes_per_sec,
        }
    }

    /// The pieces of a body, until it falls behind: then an error of the kind [`io::ErrorKind::TimedOut`], and the end.
    pub(super) fn keep<S>(self, body: S) -> impl Stream<Item = Result<Bytes, PayloadError>>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        stream::unfold(Some((body, None, 0_u64)), move |state| async move {
            let (mut body, began, received) = state?;
            // From the first look on: until then it is the server that is slow.
            let began = began.unwrap_or_else(Instant::now);
            let piece = match timeout_at(began + self.allowed(received), body.next()).await {
                Ok(piece) => piece?,
                Err(_) => return Some((Err(PayloadError::Io(io::ErrorKind::TimedOut.into())), None)),
            };
            let length = piece.as_ref().map_or(0, Bytes::len);
            let received = received + u64::try_from(length).unwrap_or(u64::MAX);
            Some((piece, Some((body, Some(began), received))))
        })
    }

    /// How long after the start more than `received` bytes must have come.
    fn allowed(self, received: u64) -> Duration {
        self.grace + Duration::from_millis(received.saturating_mul(1_000) / u64::from(self.min_bytes_per_sec.max(1)))
    }
}

/// Has every body of the app keep the pace, whoever reads it.
pub(super) async fn keep_pace<B: MessageBody>(
    pace: web::ThinData<BodyPace>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if !request.method().is_safe() {
        let body = request.take_payload();
        request.set_payload(Payload::Stream { payload: Box::pin(pace.0.keep(body)) });
    }
    next.call(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_grace_period_each_second_must_have_brought_its_bytes() {
        let pace = BodyPace { grace: Duration::from_secs(10), min_bytes_per_sec: 1_000 };
        assert_eq!(pace.allowed(0), Duration::from_secs(10));
        assert_eq!(pace.allowed(500), Duration::from_millis(10_500));
        assert_eq!(pace.allowed(60_000), Duration::from_secs(70));
    }

    #[tokio::test]
    async fn a_body_that_falls_behind_is_cut_off_and_ends() {
        let pace = BodyPace { grace: Duration::from_millis(20), min_bytes_per_sec: 1_000 };
        let body = stream::iter([Ok(Bytes::from_static(b"half"))]).chain(stream::pending());
        let pieces: Vec<_> = pace.keep(body).collect().await;
        assert!(matches!(&pieces[0], Ok(piece) if piece == "half"));
        assert!(matches!(&pieces[1], Err(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut));
        assert_eq!(pieces.len(), 2);
    }

    #[tokio::test]
    async fn a_body_that_keeps_the_pace_arrives_whole() {
        let pace = BodyPace { grace: Duration::from_secs(60), min_bytes_per_sec: 1_000 };
        let body = stream::iter([b"a", b"b"].map(|piece| Ok(Bytes::from_static(piece))));
        assert_eq!(pace.keep(body).map(|piece| piece.expect("in time")).collect::<Vec<_>>().await, ["a", "b"]);
    }
}
