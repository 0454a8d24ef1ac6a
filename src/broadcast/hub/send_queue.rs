//! What waits to be written to one socket: bounded, so that a client that does not read costs a known amount.

mod queue;

use std::cell::{OnceCell, RefCell};
use std::fmt::Debug;
use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::broadcast::Frame;
use queue::Queue;

/// How much may wait for one socket.
#[derive(Debug, Clone, Copy)]
pub struct SendQueueLimits {
    /// Frames: `HUBBUB_MAX_QUEUED_FRAMES`.
    pub frames: usize,
    /// Bytes: `HUBBUB_MAX_QUEUED_BYTES`.
    pub bytes: usize,
}

/// What is lost when a client reads too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Must arrive: when the queue is full, the socket is closed. Events of rooms, answers, close frames.
    Required,
    /// Dropped once half of the queue is full: typing, presence, cursors.
    BestEffort,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnqueueResult {
    /// It will be written.
    Queued,
    /// It was a hint and there was no room, or the socket is closing.
    Dropped,
    /// There was no room for an event: close the socket.
    Full,
}

/// A connection that the hub writes to itself, without waking the socket's task.
pub trait SocketWriter: Debug {
    /// Writes as much as the connection takes at the moment, and answers how many bytes that is. Never waits.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when it takes nothing; anything else when the connection is broken.
    fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// The queue between a hub and one connection. Both live on one thread, so it needs no lock.
///
/// With a [`SocketWriter`] the hub writes, and frames wait only while the connection takes no more or others are about to
/// follow; without one, the socket's task takes the frames out by [`SendQueue::poll_write`].
#[derive(Debug)]
pub struct SendQueue {
    limits: SendQueueLimits,
    queue: RefCell<Queue>,
    connection: OnceCell<Connection>,
}

#[derive(Debug)]
struct Connection {
    writer: Box<dyn SocketWriter>,
    deflate_from_bytes: Option<usize>,
}

impl SendQueue {
    /// Frames that are joined into one write grow no larger than this, so that one copy stays small.
    const MAX_JOINED_BYTES: usize = 64 * 1024;
    /// Frames that go to the writer in one write.
    const MAX_JOINED_FRAMES: usize = 64;
    /// Room for frames that an empty queue keeps.
    const IDLE_CAPACITY: usize = 4;

    /// An empty send_queue.
    #[must_use]
    pub fn new(limits: SendQueueLimits) -> Self {
        Self { limits, queue: RefCell::default(), connection: OnceCell::new() }
    }

    /// Has frames written to `writer` from here on, and deflated where they have so many bytes. A second writer is not taken.
    pub fn connect(&self, writer: Box<dyn SocketWriter>, deflate_from_bytes: Option<usize>) {
        let _ = self.connection.set(Connection { writer, deflate_from_bytes }); // The first one stays.
    }

    /// The form of a frame that this connection takes.
    fn form<'frame>(&self, frame: &'frame Frame) -> &'frame Bytes {
        match self.connection.get().and_then(|connection| connection.deflate_from_bytes) {
            Some(least) if frame.len_bytes() >= least => frame.deflated(),
            _ => frame.bytes(),
        }
    }

    /// By how many bytes a frame is shorter on this connection than it would be without deflating.
    pub(crate) fn bytes_saved(&self, frame: &Frame) -> usize {
        frame.len_bytes() - self.form(frame).len()
    }

    /// Queues a frame. Without a writer this wakes the writer; with one, [`SendQueue::flush`] writes it.
    pub fn push(&self, frame: &Frame, priority: Priority) -> EnqueueResult {
        let frame = self.form(frame);
        let pushed = self.queue.borrow_mut().push(frame, priority, self.limits);
        if self.connection.get().is_none() {
            self.queue.borrow_mut().wake();
            return pushed;
        }
        if pushed == EnqueueResult::Queued || !self.is_writable() {
            return pushed;
        }
        // It is full only of what nobody has tried to write.
        self.flush();
        self.queue.borrow_mut().push(frame, priority, self.limits)
    }

    fn is_writable(&self) -> bool {
        let queue = self.queue.borrow();
        !queue.closing && !queue.is_blocked && !queue.frames.is_empty()
    }

    /// Writes what waits, as far as the writer takes it.
    pub fn flush(&self) {
        let Some(Connection { writer, .. }) = self.connection.get() else { return };
        let mut queue = self.queue.borrow_mut();
        while !queue.is_blocked && !queue.frames.is_empty() {
            match queue.write_to(writer.as_ref()) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => queue.block(),
                // The reader of the connection finds the same, and ends the socket.
                Err(_) => queue.abandon(),
            }
        }
    }

    /// Ends the send_queue after what waits in it and a close frame.
    pub fn close(&self, frame: Frame) {
        let mut queue = self.queue.borrow_mut();
        if !queue.closing {
            queue.closing = true;
            queue.append(frame.bytes().clone());
            queue.wake();
        }
    }

    /// Throws away what waits: the client was too slow for it. What is half written stays, or the client could not read
    /// the close frame behind it.
    pub fn clear(&self) {
        self.queue.borrow_mut().clear();
    }

    /// Whether everything was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.borrow().frames.is_empty()
    }

    /// For a socket's task: ready while the writer takes no more, and then [`SendQueue::resume`] is due as soon as it does.
    pub fn poll_blocked(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.queue.borrow_mut();
        if queue.is_blocked {
            return Poll::Ready(());
        }
        queue.register(cx);
        Poll::Pending
    }

    /// Goes on writing: the writer takes something again.
    pub fn resume(&self) {
        self.queue.borrow_mut().is_blocked = false;
        self.flush();
    }

    /// Without a writer: what to write next, several frames at once when several wait; `None` after the close frame.
    pub fn poll_write(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue.borrow_mut();
        if queue.frames.is_empty() {
            if queue.closing {
                return Poll::Ready(None);
            }
            queue.register(cx);
            return Poll::Pending;
        }
        Poll::Ready(Some(queue.take_joined(Self::MAX_JOINED_BYTES)))
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::task::Waker;

    use super::*;

    const LIMITS: SendQueueLimits = SendQueueLimits { frames: 4, bytes: 100 };

    fn written(send_queue: &SendQueue) -> Poll<Option<Bytes>> {
        send_queue.poll_write(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn frames_that_wait_together_are_written_together_and_in_order() {
        let send_queue = SendQueue::new(LIMITS);
        let (one, two) = (Frame::text("one"), Frame::text("two"));
        send_queue.push(&one, Priority::Required);
        send_queue.push(&two, Priority::Required);
        let expected = [one.bytes().as_ref(), two.bytes().as_ref()].concat();
        assert_eq!(written(&send_queue), Poll::Ready(Some(Bytes::from(expected))));
        assert_eq!(written(&send_queue), Poll::Pending);
    }

    #[test]
    fn a_full_outbox_drops_hints_first_and_then_gives_up() {
        let send_queue = SendQueue::new(LIMITS);
        let frame = Frame::text("x");
        assert_eq!(send_queue.push(&frame, Priority::BestEffort), EnqueueResult::Queued);
        assert_eq!(send_queue.push(&frame, Priority::Required), EnqueueResult::Queued);
        assert_eq!(send_queue.push(&frame, Priority::BestEffort), EnqueueResult::Dropped);
        assert_eq!(send_queue.push(&frame, Priority::Required), EnqueueResult::Queued);
        assert_eq!(send_queue.push(&frame, Priority::Required), EnqueueResult::Queued);
        assert_eq!(send_queue.push(&frame, Priority::Required), EnqueueResult::Full);
    }

    #[test]
    fn bytes_are_limited_too_but_a_single_large_frame_passes() {
        let send_queue = SendQueue::new(LIMITS);
        let large = Frame::text(&"x".repeat(200));
        assert_eq!(send_queue.push(&large, Priority::Required), EnqueueResult::Queued);
        assert_eq!(send_queue.push(&Frame::text("x"), Priority::Required), EnqueueResult::Full);
        assert_eq!(written(&send_queue), Poll::Ready(Some(large.bytes().clone())));
        assert_eq!(send_queue.push(&Frame::text("x"), Priority::Required), EnqueueResult::Queued);
    }

    /// A connection that takes so many bytes, and then no more.
    #[derive(Debug, Clone, Default)]
    struct Pipe(Rc<RefCell<(usize, Vec<u8>, usize)>>);

    impl Pipe {
        fn with_room(bytes: usize) -> Self {
            Self(Rc::new(RefCell::new((bytes, Vec::new(), 0))))
        }

        fn make_room(&self, bytes: usize) {
            self.0.borrow_mut().0 += bytes;
        }

        fn written(&self) -> Vec<u8> {
            self.0.borrow().1.clone()
        }

        fn writes(&self) -> usize {
            self.0.borrow().2
        }
    }

    impl SocketWriter for Pipe {
        fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
            let mut pipe = self.0.borrow_mut();
            if pipe.0 == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let offered: Vec<u8> = frames.iter().flat_map(|frame| frame.iter().copied()).collect();
            let taken = offered.len().min(pipe.0);
            pipe.0 -= taken;
            pipe.1.extend(&offered[..taken]);
            pipe.2 += 1;
            Ok(taken)
        }
    }

    fn is_blocked(send_queue: &SendQueue) -> bool {
        send_queue.poll_blocked(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn with_a_wire_frames_that_wait_together_go_in_one_write() {
        let (send_queue, pipe) = (SendQueue::new(LIMITS), Pipe::with_room(1_000));
        send_queue.connect(Box::new(pipe.clone()), None);
        for text in ["one", "two", "three"] {
            send_queue.push(&Frame::text(text), Priority::Required);
        }
        send_queue.flush();
        let expected = ["one", "two", "three"].map(|text| Frame::text(text).bytes().to_vec()).concat();
        assert_eq!((pipe.written(), pipe.writes()), (expected, 1));
    }

    #[test]
    fn what_a_wire_does_not_take_is_written_later_from_where_it_stopped() {
        let (send_queue, pipe) = (SendQueue::new(LIMITS), Pipe::with_room(7));
        send_queue.connect(Box::new(pipe.clone()), None);
        for text in ["one", "two", "three"] {
            send_queue.push(&Frame::text(text), Priority::Required);
            send_queue.flush();
        }
        assert!(is_blocked(&send_queue));
        pipe.make_room(1);
        send_queue.resume();
        assert!(is_blocked(&send_queue));
        pipe.make_room(100);
        send_queue.resume();
        assert!(!is_blocked(&send_queue) && send_queue.is_empty());
        let expected = ["one", "two", "three"].map(|text| Frame::text(text).bytes().to_vec()).concat();
        assert_eq!(pipe.written(), expected);
    }

    #[test]
    fn only_long_frames_are_deflated_and_only_where_that_was_agreed_upon() {
        let (long, short) = (Frame::text(&"x".repeat(60)), Frame::text("short"));
        let written = |deflate_from_bytes| {
            let (send_queue, pipe) =
                (SendQueue::new(SendQueueLimits { bytes: 1_000, ..LIMITS }), Pipe::with_room(1_000));
            send_queue.connect(Box::new(pipe.clone()), deflate_from_bytes);
            for frame in [&long, &short, &long] {
                send_queue.push(frame, Priority::Required);
            }
            send_queue.flush();
            assert_eq!(pipe.writes(), 1);
            (pipe.written(), send_queue.bytes_saved(&long))
        };
        let plain = [long.bytes(), short.bytes(), long.bytes()].map(|bytes| bytes.to_vec()).concat();
        assert_eq!(written(None), (plain, 0));
        let deflated = [long.deflated(), short.bytes(), long.deflated()].map(|bytes| bytes.to_vec()).concat();
        assert_eq!(written(Some(60)), (deflated, long.len_bytes() - long.deflated().len()));
    }

    #[test]
    fn a_wire_is_full_only_when_it_takes_no_more() {
        let (send_queue, pipe) = (SendQueue::new(LIMITS), Pipe::with_room(30));
        send_queue.connect(Box::new(pipe), None);
        let frame = Frame::text("x");
        for _ in 0..LIMITS.frames + 10 {
            assert_eq!(send_queue.push(&frame, Priority::Required), EnqueueResult::Queued);
        }
        assert_eq!(send_queue.push(&frame, Priority::Required), EnqueueResult::Full);
    }

    #[test]
    fn a_close_frame_never_interrupts_another() {
        let (send_queue, pipe) = (SendQueue::new(LIMITS), Pipe::with_room(3));
        send_queue.connect(Box::new(pipe.clone()), None);
        let (begun, waiting, close) = (Frame::text("begun"), Frame::text("waiting"), Frame::close(4100, "slow"));
        send_queue.push(&begun, Priority::Required);
        send_queue.flush();
        send_queue.push(&waiting, Priority::Required);
        send_queue.clear();
        send_queue.close(close.clone());
        pipe.make_room(100);
        send_queue.resume();
        assert_eq!(pipe.written(), [begun.bytes().as_ref(), close.bytes().as_ref()].concat());
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        let send_queue = SendQueue::new(LIMITS);
        let close = Frame::close(4200, "later");
        send_queue.close(close.clone());
        assert_eq!(send_queue.push(&Frame::text("x"), Priority::Required), EnqueueResult::Dropped);
        assert_eq!(written(&send_queue), Poll::Ready(Some(close.bytes().clone())));
        assert_eq!(written(&send_queue), Poll::Ready(None));
    }
}
