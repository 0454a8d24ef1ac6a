//! The send queue of one socket: the frames that wait to be written. It is bounded, so that a client that does not read
//! costs a known amount of memory.

#[cfg(test)]
mod tests;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::fmt::Debug;
use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};

use crate::broadcast::Frame;

/// How much may wait for one socket.
#[derive(Debug, Clone, Copy)]
pub struct SendQueueLimits {
    /// Frames: `HUBBUB_MAX_QUEUED_FRAMES`.
    pub frames: usize,
    /// Bytes: `HUBBUB_MAX_QUEUED_BYTES`.
    pub bytes: usize,
}

/// What happens to a frame when a client reads too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// The frame must arrive: when the queue is full, the socket is closed. Events of rooms and answers.
    Required,
    /// The frame is dropped once half of the queue is full: typing, presence, cursors, counts.
    BestEffort,
}

/// Whether a frame was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnqueueResult {
    /// It will be written.
    Queued,
    /// It was dropped: it had no room and was [`Priority::BestEffort`], or the socket is closing.
    Dropped,
    /// A [`Priority::Required`] frame had no room: close the socket.
    Full,
}

/// A connection that the hub writes to directly, without waking the socket's task.
pub trait SocketWriter: Debug {
    /// Writes as much as the connection takes at the moment and returns the number of bytes. Never waits.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when it takes nothing; anything else when the connection is broken.
    fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// The queue between a hub and one connection. Both live on one thread, so it needs no lock.
///
/// With a [`SocketWriter`] the hub writes, and frames wait only while the connection takes no more or a write
/// batch is open. Without one, the socket's task takes the frames out by
/// [`SendQueue::poll_write`].
#[derive(Debug)]
pub struct SendQueue {
    limits: SendQueueLimits,
    /// Each in the form that this connection takes: deflated or not.
    frames: RefCell<VecDeque<Bytes>>,
    bytes: Cell<usize>,
    /// A close frame was queued. It is the last: nothing may follow it (RFC 6455, section 5.5.1).
    is_closing: Cell<bool>,
    /// A part of the first frame was written already.
    is_first_begun: Cell<bool>,
    /// The connection took no more; the socket's task calls [`SendQueue::resume`] when it does.
    is_blocked: Cell<bool>,
    /// A write batch will flush this queue.
    is_in_batch: Cell<bool>,
    /// Wakes the socket's task.
    waker: RefCell<Option<Waker>>,
    connection: OnceCell<Connection>,
}

#[derive(Debug)]
struct Connection {
    writer: Box<dyn SocketWriter>,
    deflate_from_bytes: Option<usize>,
}

impl SendQueue {
    /// Frames that are joined for one write grow no larger than this, so that the copy stays small.
    const MAX_JOINED_BYTES: usize = 64 * 1024;
    /// Frames in one write of a [`SocketWriter`].
    const MAX_JOINED_FRAMES: usize = 64;
    /// Capacity that an empty queue keeps, in frames: a burst must not cost memory for as long as the socket lives.
    const IDLE_CAPACITY: usize = 4;

    /// An empty queue.
    #[must_use]
    pub fn new(limits: SendQueueLimits) -> Self {
        Self {
            limits,
            frames: RefCell::default(),
            bytes: Cell::new(0),
            is_closing: Cell::new(false),
            is_first_begun: Cell::new(false),
            is_blocked: Cell::new(false),
            is_in_batch: Cell::new(false),
            waker: RefCell::default(),
            connection: OnceCell::new(),
        }
    }

    /// From here on [`SendQueue::flush`] writes to `writer`, and frames of at least `deflate_from_bytes` are deflated. Only
    /// the first call has an effect.
    pub fn connect(&self, writer: Box<dyn SocketWriter>, deflate_from_bytes: Option<usize>) {
        let _ = self.connection.set(Connection { writer, deflate_from_bytes }); // The first one stays.
    }

    /// Queues a frame. With a [`SocketWriter`] [`SendQueue::flush`] must follow; without one this wakes the socket's task.
    pub fn push(&self, frame: &Frame, priority: Priority) -> EnqueueResult {
        let bytes = self.form(frame);
        let result = self.enqueue(bytes, priority);
        if self.connection.get().is_none() {
            self.wake();
            return result;
        }
        if result == EnqueueResult::Queued || !self.is_writable() {
            return result;
        }
        // It is full only of frames that nobody has tried to write.
        self.flush();
        self.enqueue(bytes, priority)
    }

    /// Writes what waits, as far as the connection takes it. Without a [`SocketWriter`] nothing happens.
    pub fn flush(&self) {
        let Some(Connection { writer, .. }) = self.connection.get() else { return };
        while !self.is_blocked.get() && !self.is_empty() {
            match self.write_once(writer.as_ref()) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_blocked.set(true);
                    self.wake();
                }
                // The reader of the connection finds the same error, and ends the socket.
                Err(_) => self.abandon(),
            }
        }
    }

    /// Notes that a write batch will flush this queue; false when one will already.
    pub(super) fn begin_batch(&self) -> bool {
        !self.is_in_batch.replace(true)
    }

    /// Writes what waited for the end of a write batch.
    pub(super) fn end_batch(&self) {
        self.is_in_batch.set(false);
        self.flush();
    }

    /// Queues a close frame. Nothing is queued after it.
    pub fn close(&self, frame: Frame) {
        if !self.is_closing.replace(true) {
            self.append(frame.bytes());
            self.wake();
        }
    }

    /// Drops what waits: the client is too slow for it. A frame that is half written stays, or the client could not read the
    /// close frame behind it.
    pub fn clear(&self) {
        let mut frames = self.frames.borrow_mut();
        frames.truncate(usize::from(self.is_first_begun.get()));
        self.bytes.set(frames.iter().map(Bytes::len).sum());
    }

    /// Whether everything was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.borrow().is_empty()
    }

    /// By how many bytes a frame is shorter on this connection than it would be without deflating.
    pub(super) fn bytes_saved(&self, frame: &Frame) -> usize {
        frame.len_bytes() - self.form(frame).len()
    }

    /// For a socket's task: ready when the connection takes no more. [`SendQueue::resume`] must follow when it does again.
    pub fn poll_blocked(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_blocked.get() {
            return Poll::Ready(());
        }
        self.register(cx);
        Poll::Pending
    }

    /// Continues writing: the connection takes bytes again.
    pub fn resume(&self) {
        self.is_blocked.set(false);
        self.flush();
    }

    /// Without a [`SocketWriter`]: the bytes to write next, several frames joined when several wait; `None` after the close
    /// frame.
    pub fn poll_write(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.is_empty() {
            return Poll::Ready(Some(self.take_joined()));
        }
        if self.is_closing.get() {
            return Poll::Ready(None);
        }
        self.register(cx);
        Poll::Pending
    }

    /// The form of a frame that this connection takes.
    fn form<'frame>(&self, frame: &'frame Frame) -> &'frame Bytes {
        match self.connection.get().and_then(|connection| connection.deflate_from_bytes) {
            Some(least) if frame.len_bytes() >= least => frame.deflated(),
            _ => frame.bytes(),
        }
    }

    fn enqueue(&self, frame: &Bytes, priority: Priority) -> EnqueueResult {
        if self.is_closing.get() {
            return EnqueueResult::Dropped;
        }
        let divisor = match priority {
            Priority::Required => 1,
            Priority::BestEffort => 2,
        };
        let count = self.frames.borrow().len();
        let has_room = count < self.limits.frames.div_ceil(divisor)
            && (count == 0 || self.bytes.get() + frame.len() <= self.limits.bytes / divisor);
        match (has_room, priority) {
            (true, _) => {
                self.append(frame);
                EnqueueResult::Queued
            }
            (false, Priority::BestEffort) => EnqueueResult::Dropped,
            (false, Priority::Required) => EnqueueResult::Full,
        }
    }

    fn append(&self, frame: &Bytes) {
        self.bytes.set(self.bytes.get() + frame.len());
        self.frames.borrow_mut().push_back(frame.clone());
    }

    fn is_writable(&self) -> bool {
        !self.is_closing.get() && !self.is_blocked.get() && !self.is_empty()
    }

    /// Writes the first frames in one call, and removes what was written.
    fn write_once(&self, writer: &dyn SocketWriter) -> io::Result<()> {
        let mut frames = self.frames.borrow_mut();
        let written = match frames.len() {
            1 => writer.write(&[IoSlice::new(&frames[0])])?,
            _ => {
                let mut slices = [IoSlice::new(&[]); Self::MAX_JOINED_FRAMES];
                let mut count = 0;
                for (slice, frame) in slices.iter_mut().zip(frames.iter()) {
                    *slice = IoSlice::new(frame);
                    count += 1;
                }
                writer.write(&slices[..count])?
            }
        };
        self.bytes.set(self.bytes.get() - written);
        self.remove_written(&mut frames, written);
        Ok(())
    }

    fn remove_written(&self, frames: &mut VecDeque<Bytes>, mut written: usize) {
        while let Some(frame) = frames.front_mut() {
            if written < frame.len() {
                if written > 0 {
                    self.is_first_begun.set(true);
                }
                frame.advance(written);
                return;
            }
            written -= frame.len();
            self.is_first_begun.set(false);
            frames.pop_front();
        }
        frames.shrink_to(Self::IDLE_CAPACITY);
    }

    /// The connection is broken: nothing can be written any more.
    fn abandon(&self) {
        self.frames.borrow_mut().clear();
        self.bytes.set(0);
        self.is_closing.set(true);
    }

    /// Takes the first frame and as many behind it as fit into one write; a single one is not copied.
    fn take_joined(&self) -> Bytes {
        let mut frames = self.frames.borrow_mut();
        let mut joined_bytes = 0;
        let fitting = frames.iter().take_while(|frame| {
            joined_bytes += frame.len();
            joined_bytes <= Self::MAX_JOINED_BYTES
        });
        let count = fitting.count().max(1);
        let taken = if count == 1 {
            frames.pop_front().unwrap_or_default()
        } else {
            let mut joined = BytesMut::with_capacity(Self::MAX_JOINED_BYTES.min(self.bytes.get()));
            for frame in frames.drain(..count) {
                joined.extend_from_slice(&frame);
            }
            joined.freeze()
        };
        self.bytes.set(self.bytes.get() - taken.len());
        taken
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn register(&self, cx: &Context<'_>) {
        match &mut *self.waker.borrow_mut() {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }
}
