//! One read: whether anybody still waits for it, and where it runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

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

    /// Nobody waits for the read any more.
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
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
