//! The broadcaster: one task that owns the state of all channels.

mod apps;
mod broadcaster;
mod cluster;
mod counters;
mod handle;
mod mailbox;
mod queries;
mod return_check;
mod subscribing;
mod users;
mod webhook_event;

pub use apps::{AppConflict, AppTable, Apps};
pub use broadcaster::{Broadcaster, BroadcasterLimits};
pub(crate) use counters::DeliveryCounts;
pub use counters::{Counters, CountsByReason};
pub use handle::{BroadcasterHandle, ConnectionRefused};
pub(crate) use mailbox::{Delivery, Departure, HubId, HubMailbox, HubMessage, Input, Joined, SignIn, Subscribe};
pub use return_check::ReturnCheck;
pub use webhook_event::{WebhookEvent, WebhookTrigger};
