//! One read: whether anybody still waits for it, and where it runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::canceller::Canceller;

/// What the caller of a read and the thread that runs it share.
#[derive(Debug, Default)]
pub(super) struct ReadTicket {
    is_cancelled: AtomicBool,
    /// The process of the Postgres server that works on the read, while it does.
    backend: Mutex<Option<i32>>,
}

impl ReadTicket {
    /// Whether nobody waits for the read any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Acquire)
    }

    /// The process of the Postgres server that works on the read at present.
    pub(super) fn backend(&self) -> Option<i32> {
        *self.backend.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the read may begin, on that process of a Postgres server.
    pub(super) fn begin(&self, backend: Option<i32>) -> bool {
        *self.backend.lock().unwrap_or_else(PoisonError::into_inner) = backend;
        // Looked at last: whoever cancels sets it first, and then looks for the process.
        !self.is_cancelled()
    }

    /// The read has ended.
    pub(super) fn end(&self) {
        *self.backend.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Held by the caller of a read: ends the read when the caller goes before the answer has come.
pub(super) struct CancelOnDrop {
    ticket: Arc<ReadTicket>,
    canceller: Option<Arc<Canceller>>,
    is_answered: bool,
}

impl CancelOnDrop {
    /// A guard for that read.
    pub(super) const fn new(ticket: Arc<ReadTicket>, canceller: Option<Arc<Canceller>>) -> Self {
        Self { ticket, canceller, is_answered: false }
    }

    /// The answer has come.
    pub(super) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        self.ticket.is_cancelled.store(true, Ordering::Release);
        if let Some(canceller) = self.canceller.as_ref().filter(|_| self.ticket.backend().is_some()) {
            canceller.cancel(Arc::clone(&self.ticket));
        }
    }
}
