//! How the rest of the program reaches the broadcaster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use super::mailbox::{Command, Departure, HubId, HubMessage, Order};

/// A handle to the broadcaster; cheap to clone, one for each worker.
#[derive(Debug, Clone)]
pub struct BroadcasterHandle {
    commands: mpsc::Sender<Command>,
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Shared>,
}

/// What the workers count together.
#[derive(Debug)]
struct Shared {
    max_sockets: usize,
    sockets: AtomicUsize,
    hubs: AtomicUsize,
    /// The first half of socket ids.
    run: u64,
    next_socket: AtomicU64,
}

/// The process holds `HUBBUB_MAX_SOCKETS` sockets, or is about to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server has as many sockets as it may (HUBBUB_MAX_SOCKETS)")]
pub struct NoRoom;

impl BroadcasterHandle {
    pub(super) fn new(
        commands: mpsc::Sender<Command>,
        orders: mpsc::UnboundedSender<Order>,
        max_sockets: usize,
    ) -> Self {
        let shared = Shared {
            max_sockets,
            sockets: AtomicUsize::new(0),
            hubs: AtomicUsize::new(0),
            // Half of the range keeps the number exact in JavaScript, should a client parse it.
            run: u64::from(rand::random::<u32>()),
            next_socket: AtomicU64::new(1),
        };
        Self { commands, orders, shared: Arc::new(shared) }
    }

    /// How many sockets are open.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.shared.sockets.load(Ordering::Relaxed)
    }

    /// Closes all sockets, spread over a time, so that their clients do not all come back in the same instant.
    pub fn close_sockets(&self, over: Duration) {
        self.order(Order::CloseSockets(over));
    }

    pub(super) fn register_hub(&self, mailbox: mpsc::Sender<HubMessage>) -> HubId {
        let id = HubId(self.shared.hubs.fetch_add(1, Ordering::Relaxed));
        self.order(Order::HubStarted(id, mailbox));
        id
    }

    /// Counts a socket in, and numbers it: the two halves of its id.
    pub(super) fn admit_socket(&self) -> Result<(u64, u64), NoRoom> {
        if self.shared.sockets.fetch_add(1, Ordering::Relaxed) >= self.shared.max_sockets {
            self.dismiss_socket();
            return Err(NoRoom);
        }
        Ok((self.shared.run, self.shared.next_socket.fetch_add(1, Ordering::Relaxed)))
    }

    pub(super) fn dismiss_socket(&self) {
        self.shared.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sends a command; waits while the mailbox is full.
    pub(super) async fn command(&self, command: Command) {
        // The broadcaster is gone only when the process shuts down, and every socket with it.
        let _ = self.commands.send(command).await;
    }

    pub(super) fn left(&self, departure: Departure) {
        self.order(Order::Left(departure));
    }

    fn order(&self, order: Order) {
        // As in `command`.
        let _ = self.orders.send(order);
    }
}
