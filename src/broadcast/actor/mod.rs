//! The broadcaster: one task, which owns what concerns a channel as a whole.

mod apps;
mod broadcaster;
mod cluster;
mod counters;
mod handle;
mod hook_event;
mod mailbox;
mod queries;
mod subscribing;
mod users;

pub use apps::{AppConflict, AppTable, Apps};
pub use broadcaster::{Broadcaster, BroadcasterLimits};
pub(crate) use counters::Sent;
pub use counters::Tally;
pub use handle::{BroadcasterHandle, NoRoom};
pub use hook_event::{Occurrence, WebhookEvent};
pub(crate) use mailbox::{
    Afterwards, Command, Delivery, Departure, HubId, HubMailbox, HubMessage, Joined, SignIn, Subscribe,
};
