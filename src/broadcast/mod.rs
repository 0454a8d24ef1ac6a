//! The broadcaster (step 4 of the walk): hears events on the bus and sends them to the sockets of their channels.
//!
//! ```text
//!                        ┌─ Hub of worker 1 ─ Outbox ─ socket
//! bus ─▶ Broadcaster ─▶ ─┤                  └ Outbox ─ socket
//!        one actor       └─ Hub of worker 2 ─ Outbox ─ socket
//! ```
//!
//! The [`Broadcaster`] is one task with a mailbox. It owns what concerns a channel as a whole: which hubs hold sockets
//! of it, who is present, whose right was taken away. Each worker thread has a [`Hub`], which owns that thread's sockets
//! without a lock. An event is serialised once into one [`Frame`], and deflated once where a socket takes that; all outboxes
//! share both.
//!
//! Two rules keep it from stopping: a hub never waits for the broadcaster (what it reports goes through a queue without
//! a bound, and stands for a subscription that ends only once), and nobody waits for a socket (an [`Outbox`] that is
//! full closes its socket). So the broadcaster may wait for a hub, and its own full mailbox is the only brake.
//!
//! No database here: a channel's right comes as a signature, and goes by a revocation on the bus.

mod apps;
mod broadcaster;
mod caches;
mod channels;
mod counts;
mod deflate;
mod elsewhere;
mod frame;
mod handle;
mod held;
mod hub;
mod mailbox;
mod occurrence;
mod outbox;
mod presence;
mod revocations;
mod socket;
mod subscriptions;
mod tally;
#[cfg(test)]
mod tests;
mod thrift;
mod turn;
mod watchlists;

pub use crate::events::ChannelInfo;
pub use crate::pusher::ChannelKey;
pub use apps::{AppConflict, AppTable, Apps};
pub use broadcaster::{Broadcaster, BroadcasterLimits};
pub use frame::Frame;
pub use handle::{BroadcasterHandle, NoRoom};
pub use hub::{Hub, HubLimits};
pub use occurrence::{Occurrence, WebhookEvent};
pub use outbox::{Importance, Outbox, OutboxLimits, Pushed, Wire};
pub use socket::Socket;
pub use tally::Tally;
