//! What carries messages from the handlers to the broadcasters.

use super::{BusMessage, Envelope};

/// Carries messages to the broadcasters, in this process or in others.
pub trait Broker: Send + Sync {
    /// Queues a message. Never waits.
    ///
    /// # Errors
    /// [`BusFull`] when the message was dropped. Clients read a dropped event of a room from its log, so callers may
    /// ignore the error.
    fn publish(&self, message: BusMessage) -> Result<(), BusFull>;

    /// Queues several events, all of them or none. Never waits.
    ///
    /// # Errors
    /// [`BusFull`] when there is no room for all.
    fn publish_all(&self, events: Vec<Envelope>) -> Result<(), BusFull>;

    /// Its state, for health checks and metrics.
    fn state(&self) -> BusState;
}

/// The state of a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusState {
    /// Whether published messages reach the other processes at the moment.
    pub is_connected: bool,
    /// Messages in the queue.
    pub waiting: usize,
    /// Events dropped since the start.
    pub dropped_events: u64,
    /// Messages sent to other processes.
    pub sent: u64,
    /// Messages received from other processes.
    pub received: u64,
    /// Messages of other processes that this version does not understand.
    pub not_understood: u64,
    /// How often messages of others may have been lost.
    pub gaps: u64,
    /// Rooms whose head was requested after a gap.
    pub repairs: u64,
    /// Nodes with sockets that are known, this one included.
    pub nodes: usize,
}

/// The state of a bus within one process: always connected.
impl Default for BusState {
    fn default() -> Self {
        Self {
            is_connected: true,
            waiting: 0,
            dropped_events: 0,
            sent: 0,
            received: 0,
            not_understood: 0,
            gaps: 0,
            repairs: 0,
            nodes: 1,
        }
    }
}

/// The queue of the bus was full and a message was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bus is full")]
pub struct BusFull;
