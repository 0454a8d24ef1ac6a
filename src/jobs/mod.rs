//! Work that goes on by itself: webhooks are told of events, old messages are removed, the house is kept.
//!
//! What is to be done stands in the store, written with its cause, so nothing is forgotten when the process ends. The
//! [`JobRunner`] takes jobs for a time, does them, and says what became of each; what fails is tried again with growing
//! pauses. A job may be done twice (the process may die between doing and saying), so doing one twice is harmless.

mod backoff;
mod credential_watch;
mod deliver;
mod head_ticks;
mod outgoing;
mod public_address;
mod recurring;
mod runner;
mod slots;

pub use credential_watch::{CredentialWatch, EndListener, RunningCredentialWatch};
pub use head_ticks::{HeadTicks, RunningHeadTicks};
pub use outgoing::OutgoingClient;
pub use runner::{JobRunner, RunningJobs};
