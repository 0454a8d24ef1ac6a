//! Writing: one thread, which commits many changes at once.
//!
//! - `fair_queue`: the writer's queue, in which people take turns.
//! - `write_command`: what waits for the writer: a post or another change, and the caller who waits for the outcome.
//! - `writer`: the thread.

pub(super) mod fair_queue;
pub(in crate::store) mod write_command;
pub(super) mod writer;
