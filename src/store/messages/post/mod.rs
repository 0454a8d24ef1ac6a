//! Posting messages: the hot path (step 2 of the walk, "store").
//!
//! The writer hands over posts that follow each other. They are decided and stored together, by statements of the
//! database's own; only posts with files, which are rare, are stored one by one. What decides a post, and in which
//! order it is asked, is the same on both databases.
//!
//! - `command`: a message to be posted, what is looked up to accept or refuse it, and the outcome.
//! - `batch`: decides and stores posts that follow each other.
//! - `sqlite`, `postgres`: the statements.

pub(in crate::store) mod batch;
pub(in crate::store) mod command;
mod postgres;
mod sqlite;
