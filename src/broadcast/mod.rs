//! The broadcaster (step 4 of the walk): hears events on the bus and sends them to the sockets of their channels.
//!
//! ```text
//!                        ┌─ Hub of worker 1 ─ SendQueue ─ socket
//! bus ─▶ Broadcaster ─▶ ─┤                  └ SendQueue ─ socket
//!        one actor       └─ Hub of worker 2 ─ SendQueue ─ socket
//! ```
//!
//! The [`Broadcaster`] is one task with a mailbox. It owns what concerns a channel as a whole: which hubs hold sockets
//! of it, who is present, whose right was taken away. Each worker thread has a [`Hub`], which owns that thread's sockets
//! without a lock. An event is serialised once into one [`Frame`], and deflated once where a socket takes that; all outboxes
//! share both.
//!
//! Two rules keep it from stopping: a hub never waits for the broadcaster (what it reports goes through a queue without
//! a bound, and stands for a subscription that ends only once), and nobody waits for a socket (an [`SendQueue`] that is
//! full closes its socket). So the broadcaster may wait for a hub, and its own full mailbox is the only brake.
//!
//! No database here: a channel's right comes as a signature, and goes by a revocation on the bus.

mod actor;
mod channel;
mod hub;
mod shrink;
#[cfg(test)]
mod tests;

pub use crate::bus::ChannelInfo;
pub use crate::pusher::ChannelKey;
pub use actor::{
    AppConflict, AppTable, Apps, Broadcaster, BroadcasterHandle, BroadcasterLimits, ConnectionRefused, Counters,
    WebhookEvent, WebhookTrigger,
};
pub use hub::{EnqueueResult, Frame, Hub, HubLimits, Priority, SendQueue, SendQueueLimits, Socket, SocketWriter};
