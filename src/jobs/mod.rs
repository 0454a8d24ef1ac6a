//! Background work: calling webhooks, removing old messages, and recurring jobs such as removing what has expired.
//!
//! A job is a row of the store, written in the transaction of its cause, so none is lost when the process ends. The
//! [`JobRunner`] leases jobs that are due, runs them, and stores the outcome of each; a job that fails is tried again after
//! a growing pause. A job may run twice (the process may die before it stores the outcome), and this must be harmless.

mod backoff;
mod credential_watch;
mod deliver;
mod gap_reminder;
mod outgoing;
mod public_address;
mod recurring;
mod runner;
mod slots;

pub use credential_watch::{CredentialWatch, EndListener, RunningCredentialWatch};
pub use gap_reminder::{GapReminder, RunningGapReminder};
pub use outgoing::OutgoingClient;
pub use runner::{JobRunner, RunningJobs};
