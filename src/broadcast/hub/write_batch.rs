//! One turn of a hub: the messages that it takes up together.

use std::rc::Rc;
use std::sync::Arc;

use crate::timeline::Timeline;

use crate::broadcast::actor::HubMailbox;
use crate::broadcast::{EnqueueResult, Frame, Priority, Socket};

/// The writes of one writes. A lone event is written at once; when several messages have come together, their frames for
/// the same socket go in one write, for the kernel's work for a write is nearly all that a delivery costs. What comes
/// while a lone event is being written joins the turn: the sockets that do not have the event yet get both in one write.
#[derive(Debug)]
pub(crate) struct WriteBatch {
    is_joining: bool,
    /// Sockets for which frames wait, each once.
    waiting: Vec<Rc<Socket>>,
    /// Whose last frame is not written yet, and for how many sockets it is.
    timelines: Vec<(Arc<Timeline>, u64)>,
}

impl WriteBatch {
    /// A turn for so many messages.
    pub(crate) const fn of(messages: usize) -> Self {
        Self { is_joining: messages > 1, waiting: Vec::new(), timelines: Vec::new() }
    }

    /// Sends a frame to a socket, before the turn is over; `mailbox` is where more may have come.
    pub(crate) fn send(
        &mut self,
        socket: &Rc<Socket>,
        frame: &Frame,
        priority: Priority,
        mailbox: &HubMailbox,
    ) -> EnqueueResult {
        self.is_joining |= !mailbox.is_empty();
        if !self.is_joining {
            return socket.send(frame, priority);
        }
        let pushed = socket.queue(frame, priority);
        if pushed == EnqueueResult::Queued && socket.begin_waiting() {
            self.waiting.push(Rc::clone(socket));
        }
        pushed
    }

    /// Has `timeline` told when its event was written.
    pub(crate) fn timeline(&mut self, timeline: Arc<Timeline>, sockets: u64) {
        self.timelines.push((timeline, sockets));
    }

    /// Writes what waits.
    pub(crate) fn finish(self) {
        for socket in self.waiting {
            socket.end_waiting();
        }
        for (timeline, sockets) in self.timelines {
            timeline.written(sockets);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{self, IoSlice};
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::broadcast::actor::{AfterClose, HubMessage};
    use crate::broadcast::{SendQueueLimits, SocketWriter};
    use crate::pusher::{AppId, SocketId};

    /// A connection that takes everything, and keeps the writes apart.
    #[derive(Debug, Clone, Default)]
    struct Writes(Rc<RefCell<Vec<String>>>);

    impl SocketWriter for Writes {
        fn write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
            let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.iter().copied()).collect();
            self.0.borrow_mut().push(String::from_utf8_lossy(&bytes).into_owned());
            Ok(bytes.len())
        }
    }

    fn connected_socket(number: u64) -> (Rc<Socket>, Writes) {
        let limits = SendQueueLimits { frames: 8, bytes: 1_000 };
        let (socket, writes) = (Socket::new(SocketId { run: 1, number }, AppId(1), limits), Writes::default());
        socket.send_queue().connect(Box::new(writes.clone()), None);
        (Rc::new(socket), writes)
    }

    #[test]
    fn what_comes_while_a_lone_event_is_written_goes_in_one_write_with_what_is_left_of_it() {
        let (sender, mailbox) = mpsc::channel(1);
        let sockets = [connected_socket(1), connected_socket(2)];
        let frames = ["one ", "two "].map(|text| Frame::raw(text.into()));
        let mut writes = WriteBatch::of(1);
        writes.send(&sockets[0].0, &frames[0], Priority::Required, &mailbox);
        let came = HubMessage::CloseSockets(Duration::ZERO, AfterClose::AcceptNew);
        sender.try_send(came).expect("room");
        writes.send(&sockets[1].0, &frames[0], Priority::Required, &mailbox);
        for (socket, _) in &sockets {
            writes.send(socket, &frames[1], Priority::Required, &mailbox);
        }
        writes.finish();
        let writes = sockets.map(|(_, writes)| writes.0.take());
        assert_eq!(writes, [vec!["one ".to_owned(), "two ".to_owned()], vec!["one two ".to_owned()]]);
    }
}
