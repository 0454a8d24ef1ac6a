//! What waits to be written to one socket: bounded, so that a client that does not read costs a known amount.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};

use super::Frame;

/// How much may wait for one socket.
#[derive(Debug, Clone, Copy)]
pub struct OutboxLimits {
    /// Frames: `HUBBUB_MAX_QUEUED_FRAMES`.
    pub frames: usize,
    /// Bytes: `HUBBUB_MAX_QUEUED_BYTES`.
    pub bytes: usize,
}

/// What is lost when a client reads too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Must arrive: the socket is closed rather than this dropped.
    Event,
    /// Typing, presence, cursors: dropped once half of the outbox is full.
    Hint,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It will be written.
    Queued,
    /// It was a hint and there was no room, or the socket is closing.
    Dropped,
    /// There was no room for an event: close the socket.
    Full,
}

/// The queue between a hub and the task that writes to one socket. Both live on one thread, so it needs no lock.
#[derive(Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    queue: RefCell<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// A close frame is the last: nothing may follow it (RFC 6455, section 5.5.1).
    closing: bool,
    writer: Option<Waker>,
}

impl Outbox {
    /// Frames that are joined into one write grow no larger than this, so that one copy stays small.
    const MAX_JOINED_BYTES: usize = 64 * 1024;

    /// An empty outbox.
    #[must_use]
    pub fn new(limits: OutboxLimits) -> Self {
        Self { limits, queue: RefCell::default() }
    }

    /// Queues a frame and wakes the writer.
    pub fn push(&self, frame: &Frame, importance: Importance) -> Pushed {
        let mut queue = self.queue.borrow_mut();
        if queue.closing {
            return Pushed::Dropped;
        }
        let share = match importance {
            Importance::Event => 1,
            Importance::Hint => 2,
        };
        let fits = queue.frames.len() < self.limits.frames.div_ceil(share)
            && (queue.frames.is_empty() || queue.bytes + frame.len_bytes() <= self.limits.bytes / share);
        match (fits, importance) {
            (true, _) => {
                queue.append(frame.clone());
                Pushed::Queued
            }
            (false, Importance::Hint) => Pushed::Dropped,
            (false, Importance::Event) => Pushed::Full,
        }
    }

    /// Ends the outbox after what waits in it and a close frame.
    pub fn close(&self, frame: Frame) {
        let mut queue = self.queue.borrow_mut();
        if !queue.closing {
            queue.closing = true;
            queue.append(frame);
        }
    }

    /// Throws away what waits: the client was too slow for it.
    pub fn clear(&self) {
        let mut queue = self.queue.borrow_mut();
        queue.frames.clear();
        queue.bytes = 0;
    }

    /// What to write next, several frames at once when several wait; `None` after the close frame.
    pub fn poll_write(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue.borrow_mut();
        if queue.frames.is_empty() {
            if queue.closing {
                return Poll::Ready(None);
            }
            match &mut queue.writer {
                Some(writer) => writer.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(Some(queue.take_joined(Self::MAX_JOINED_BYTES)))
    }
}

impl Queue {
    fn append(&mut self, frame: Frame) {
        self.bytes += frame.len_bytes();
        self.frames.push_back(frame);
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    /// Takes the first frame, and as many behind it as fit; a single one is not copied.
    fn take_joined(&mut self, max_bytes: usize) -> Bytes {
        let mut joined_bytes = 0;
        let fitting = self.frames.iter().take_while(|frame| {
            joined_bytes += frame.len_bytes();
            joined_bytes <= max_bytes
        });
        let count = fitting.count().max(1);
        if count == 1 {
            let frame = self.frames.pop_front().map(|frame| frame.bytes().clone()).unwrap_or_default();
            self.bytes -= frame.len();
            return frame;
        }
        let mut joined = BytesMut::with_capacity(max_bytes.min(self.bytes));
        for frame in self.frames.drain(..count) {
            joined.extend_from_slice(frame.bytes());
        }
        self.bytes -= joined.len();
        joined.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: OutboxLimits = OutboxLimits { frames: 4, bytes: 100 };

    fn written(outbox: &Outbox) -> Poll<Option<Bytes>> {
        outbox.poll_write(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn frames_that_wait_together_are_written_together_and_in_order() {
        let outbox = Outbox::new(LIMITS);
        let (one, two) = (Frame::text("one"), Frame::text("two"));
        outbox.push(&one, Importance::Event);
        outbox.push(&two, Importance::Event);
        let expected = [one.bytes().as_ref(), two.bytes().as_ref()].concat();
        assert_eq!(written(&outbox), Poll::Ready(Some(Bytes::from(expected))));
        assert_eq!(written(&outbox), Poll::Pending);
    }

    #[test]
    fn a_full_outbox_drops_hints_first_and_then_gives_up() {
        let outbox = Outbox::new(LIMITS);
        let frame = Frame::text("x");
        assert_eq!(outbox.push(&frame, Importance::Hint), Pushed::Queued);
        assert_eq!(outbox.push(&frame, Importance::Event), Pushed::Queued);
        assert_eq!(outbox.push(&frame, Importance::Hint), Pushed::Dropped);
        assert_eq!(outbox.push(&frame, Importance::Event), Pushed::Queued);
        assert_eq!(outbox.push(&frame, Importance::Event), Pushed::Queued);
        assert_eq!(outbox.push(&frame, Importance::Event), Pushed::Full);
    }

    #[test]
    fn bytes_are_limited_too_but_a_single_large_frame_passes() {
        let outbox = Outbox::new(LIMITS);
        let large = Frame::text(&"x".repeat(200));
        assert_eq!(outbox.push(&large, Importance::Event), Pushed::Queued);
        assert_eq!(outbox.push(&Frame::text("x"), Importance::Event), Pushed::Full);
        assert_eq!(written(&outbox), Poll::Ready(Some(large.bytes().clone())));
        assert_eq!(outbox.push(&Frame::text("x"), Importance::Event), Pushed::Queued);
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        let outbox = Outbox::new(LIMITS);
        let close = Frame::close(4200, "later");
        outbox.close(close.clone());
        assert_eq!(outbox.push(&Frame::text("x"), Importance::Event), Pushed::Dropped);
        assert_eq!(written(&outbox), Poll::Ready(Some(close.bytes().clone())));
        assert_eq!(written(&outbox), Poll::Ready(None));
    }
}
