//! One turn of a hub: the messages that it takes up together.

use std::rc::Rc;
use std::sync::Arc;

use crate::events::Trace;

use super::{Frame, Importance, Pushed, Socket};

/// The writes of one turn. A lone event is written at once; when several messages have come together, their frames for
/// the same socket go in one write, for the kernel's work for a write is nearly all that a delivery costs.
#[derive(Debug)]
pub(super) struct Turn {
    is_joining: bool,
    /// Sockets for which frames wait, each once.
    waiting: Vec<Rc<Socket>>,
    /// Whose last frame is not written yet, and for how many sockets it is.
    traces: Vec<(Arc<Trace>, u64)>,
}

impl Turn {
    /// A turn for so many messages.
    pub(super) const fn of(messages: usize) -> Self {
        Self { is_joining: messages > 1, waiting: Vec::new(), traces: Vec::new() }
    }

    /// Sends a frame to a socket, before the turn is over.
    pub(super) fn send(&mut self, socket: &Rc<Socket>, frame: &Frame, importance: Importance) -> Pushed {
        if !self.is_joining {
            return socket.send(frame, importance);
        }
        let pushed = socket.queue(frame, importance);
        if pushed == Pushed::Queued && socket.begin_waiting() {
            self.waiting.push(Rc::clone(socket));
        }
        pushed
    }

    /// Has `trace` told when its event was written.
    pub(super) fn trace(&mut self, trace: Arc<Trace>, sockets: u64) {
        self.traces.push((trace, sockets));
    }

    /// Writes what waits.
    pub(super) fn end(self) {
        for socket in self.waiting {
            socket.end_waiting();
        }
        for (trace, sockets) in self.traces {
            trace.written(sockets);
        }
    }
}
