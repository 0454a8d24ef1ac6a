//! The queue of one socket, with and without a connection that it writes to.

use std::rc::Rc;
use std::task::Waker;

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll};

use bytes::Bytes;

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
        let (send_queue, pipe) = (SendQueue::new(SendQueueLimits { bytes: 1_000, ..LIMITS }), Pipe::with_room(1_000));
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
