//! What waits for one socket, in order.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Waker};

use bytes::{Buf, Bytes, BytesMut};

use super::{EnqueueResult, Priority, SendQueue, SendQueueLimits, SocketWriter};

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Each in the form that this connection takes.
    pub(super) frames: VecDeque<Bytes>,
    pub(super) bytes: usize,
    /// A close frame is the last: nothing may follow it (RFC 6455, section 5.5.1).
    pub(super) closing: bool,
    /// Whether a part of the first frame was written already.
    pub(super) is_first_begun: bool,
    /// The connection took no more; the socket's task goes on when it does.
    pub(super) is_blocked: bool,
    pub(super) writer: Option<Waker>,
}

impl Queue {
    pub(super) fn push(&mut self, frame: &Bytes, priority: Priority, limits: SendQueueLimits) -> EnqueueResult {
        if self.closing {
            return EnqueueResult::Dropped;
        }
        let share = match priority {
            Priority::Required => 1,
            Priority::BestEffort => 2,
        };
        let fits = self.frames.len() < limits.frames.div_ceil(share)
            && (self.frames.is_empty() || self.bytes + frame.len() <= limits.bytes / share);
        match (fits, priority) {
            (true, _) => {
                self.append(frame.clone());
                EnqueueResult::Queued
            }
            (false, Priority::BestEffort) => EnqueueResult::Dropped,
            (false, Priority::Required) => EnqueueResult::Full,
        }
    }

    pub(super) fn append(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Writes the first frames in one go, and forgets what was written.
    pub(super) fn write_to(&mut self, writer: &dyn SocketWriter) -> io::Result<()> {
        let written = match self.frames.len() {
            1 => writer.write(&[IoSlice::new(&self.frames[0])])?,
            _ => {
                let mut slices = [IoSlice::new(&[]); SendQueue::MAX_JOINED_FRAMES];
                let mut count = 0;
                for (slice, frame) in slices.iter_mut().zip(&self.frames) {
                    *slice = IoSlice::new(frame);
                    count += 1;
                }
                writer.write(&slices[..count])?
            }
        };
        self.bytes -= written;
        self.advance(written);
        Ok(())
    }

    pub(super) fn advance(&mut self, mut written: usize) {
        while let Some(frame) = self.frames.front_mut() {
            if written < frame.len() {
                self.is_first_begun |= written > 0;
                frame.advance(written);
                return;
            }
            written -= frame.len();
            self.is_first_begun = false;
            self.frames.pop_front();
        }
        // A burst must not cost memory for as long as the socket lives.
        self.frames.shrink_to(SendQueue::IDLE_CAPACITY);
    }

    pub(super) fn clear(&mut self) {
        self.frames.truncate(usize::from(self.is_first_begun));
        self.bytes = self.frames.iter().map(Bytes::len).sum();
    }

    pub(super) fn block(&mut self) {
        self.is_blocked = true;
        self.wake();
    }

    /// Nothing can be written any more.
    pub(super) fn abandon(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.closing = true;
    }

    pub(super) fn wake(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    pub(super) fn register(&mut self, cx: &Context<'_>) {
        match &mut self.writer {
            Some(writer) => writer.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    /// Takes the first frame, and as many behind it as fit; a single one is not copied.
    pub(super) fn take_joined(&mut self, max_bytes: usize) -> Bytes {
        let mut joined_bytes = 0;
        let fitting = self.frames.iter().take_while(|frame| {
            joined_bytes += frame.len();
            joined_bytes <= max_bytes
        });
        let count = fitting.count().max(1);
        if count == 1 {
            let frame = self.frames.pop_front().unwrap_or_default();
            self.bytes -= frame.len();
            return frame;
        }
        let mut joined = BytesMut::with_capacity(max_bytes.min(self.bytes));
        for frame in self.frames.drain(..count) {
            joined.extend_from_slice(&frame);
        }
        self.bytes -= joined.len();
        joined.freeze()
    }
}
