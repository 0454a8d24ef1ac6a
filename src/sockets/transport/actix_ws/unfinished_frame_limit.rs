//! A limit on the bytes of a message that is not complete yet.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

/// Counts the bytes that arrived since a message was last complete.
///
/// The frame parser looks at a frame's length only when the whole frame is there, so that without this a client could
/// make the server buffer any number of bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct UnfinishedFrameLimit(Rc<Cell<usize>>);

impl UnfinishedFrameLimit {
    /// Bytes that may have been read ahead of the message being parsed: what actix reads at once, with room to spare.
    const READ_AHEAD_BYTES: usize = 256 * 1024;

    /// Notes that a message is complete.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }

    /// The same bytes, ending with an error when a message of more than `max_bytes` does not complete.
    pub(super) fn apply(&self, payload: Payload, max_bytes: usize) -> Payload {
        let limited = LimitedPayload { payload, limit: self.clone(), max_bytes: max_bytes + Self::READ_AHEAD_BYTES };
        Payload::Stream { payload: Box::pin(limited) }
    }
}

struct LimitedPayload {
    payload: Payload,
    limit: UnfinishedFrameLimit,
    max_bytes: usize,
}

impl Stream for LimitedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.payload).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &polled {
            let unfinished = self.limit.0.get() + bytes.len();
            self.limit.0.set(unfinished);
            if unfinished > self.max_bytes {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            }
        }
        polled
    }
}
