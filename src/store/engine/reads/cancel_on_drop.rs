//! Ends a read when its caller goes away.

use std::sync::Arc;

use super::canceller::Canceller;
use super::ticket::ReadTicket;

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
        self.ticket.cancel();
        if let Some(canceller) = self.canceller.as_ref().filter(|_| self.ticket.backend().is_some()) {
            canceller.cancel(Arc::clone(&self.ticket));
        }
    }
}
