//! The broadcaster: one task, which owns what concerns a channel as a whole.

mod apps;
mod broadcaster;
mod cluster;
mod counters;
mod handle;
mod mailbox;
mod queries;
mod subscribing;
mod users;
mod webhook_event;

pub use apps::{AppConflict, AppTable, Apps};
pub use broadcaster::{Broadcaster, BroadcasterLimits};
pub use counters::Counters;
pub(crate) use counters::DeliveryCounts;
pub use handle::{BroadcasterHandle, ConnectionRefused};
pub(crate) use mailbox::{
    AfterClose, Command, Delivery, Departure, HubId, HubMailbox, HubMessage, Joined, SignIn, Subscribe,
};
pub use webhook_event::{WebhookEvent, WebhookTrigger};
