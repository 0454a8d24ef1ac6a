//! The broadcaster (step 4 of the walk): receives events from the bus and sends them to the sockets of their channels.
//!
//! ```text
//!                        ┌─ Hub of worker 1 ─ SendQueue ─ socket
//! bus ─▶ Broadcaster ─▶ ─┤                  └ SendQueue ─ socket
//!        one actor       └─ Hub of worker 2 ─ SendQueue ─ socket
//! ```
//!
//! The [`Broadcaster`] is one task with a mailbox. It owns the state of each channel: which hubs have sockets in it, its
//! members, and revoked authorisations. Each worker thread has a [`Hub`], which owns that thread's sockets without a lock.
//! An event is serialised once into one [`Frame`], and deflated once if a socket accepts that; all send queues share both.
//!
//! Two rules prevent a deadlock: a hub never waits for the broadcaster (its reports go through a queue without a bound, each
//! for a subscription that ends only once), and nobody waits for a socket (a full [`SendQueue`] closes its socket). So the
//! broadcaster may wait for a hub, and senders wait only for the broadcaster's own full mailbox.
//!
//! There is no database here: the application authorises a subscription by a signature, and revokes it over the bus.

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
    CountsByReason, ReturnCheck, WebhookEvent, WebhookTrigger,
};
pub use hub::{EnqueueResult, Frame, Hub, HubLimits, Priority, SendQueue, SendQueueLimits, Socket, SocketWriter};
