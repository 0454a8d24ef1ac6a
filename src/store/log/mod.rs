//! The log of each room: one entry for each durable change, numbered without a gap.
//!
//! - `append`: writes an entry, in the transaction of the change.
//! - `catch_up`: what happened after a place in the log, for clients that missed it.
//! - `entries`: reads entries with the messages, people and documents that they are about.
//! - `heads`: the last place of each log, and the memberships that ended in a time, for the gap reminder.
//! - `places`: where somebody's rooms stood at a moment, for event streams.
//! - `retention`: removes what a room does not keep any longer.
//! - `rows`: the rows of the table `events`.

pub(super) mod append;
pub(super) mod catch_up;
pub(super) mod entries;
pub(super) mod heads;
pub(super) mod places;
pub(super) mod retention;
pub(super) mod rows;
