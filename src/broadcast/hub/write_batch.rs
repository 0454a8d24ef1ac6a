//! The write batch of a hub: frames of several messages for one socket go out in one write.

use std::rc::Rc;
use std::sync::Arc;

use crate::broadcast::actor::HubMailbox;
use crate::broadcast::{EnqueueResult, Frame, Priority, Socket};
use crate::timeline::Timeline;

/// The writes for the messages that a hub handles together. A single message is written at once. When several have come,
/// their frames for the same socket are written together: the kernel's work for a write is nearly all that a delivery
/// costs. A message that comes while a single one is being written joins the batch: the sockets that do not have the first
/// yet get both in one write.
#[derive(Debug)]
pub(crate) struct WriteBatch {
    is_joining: bool,
    /// Sockets whose queues are to be flushed, each once.
    pending: Vec<Rc<Socket>>,
    /// The timelines of events that are not written yet, and to how many sockets each goes.
    timelines: Vec<(Arc<Timeline>, u64)>,
}

impl WriteBatch {
    /// A batch for so many messages.
    pub(crate) const fn of(messages: usize) -> Self {
        Self { is_joining: messages > 1, pending: Vec::new(), timelines: Vec::new() }
    }

    /// Sends a frame to a socket, before the batch is finished. `mailbox` shows whether more messages have come.
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
        let queue = socket.send_queue();
        let result = queue.push(frame, priority);
        match result {
            EnqueueResult::Queued if queue.begin_batch() => self.pending.push(Rc::clone(socket)),
            EnqueueResult::Full => socket.close_as_too_slow(),
            EnqueueResult::Queued | EnqueueResult::Dropped => {}
        }
        result
    }

    /// Notes in `timeline` when its event was written, and to how many sockets.
    pub(crate) fn note_written(&mut self, timeline: Arc<Timeline>, sockets: u64) {
        self.timelines.push((timeline, sockets));
    }

    /// Writes what waits.
    pub(crate) fn finish(self) {
        for socket in self.pending {
            socket.send_queue().end_batch();
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
    use crate::broadcast::actor::HubMessage;
    use crate::broadcast::{SendQueueLimits, SocketWriter};
    use crate::pusher::{AppId, Code, SocketId};

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
        let (socket, writes) =
            (Socket::new(SocketId { run: 1, number }, AppId::numbered(1), limits), Writes::default());
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
        let came = HubMessage::CloseSockets(Duration::ZERO, Code::Reconnect);
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
