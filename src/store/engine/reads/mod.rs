//! Reading: threads with a connection each, deadlines, and ending a read that nobody waits for.
//!
//! - `cancel_on_drop`: ends a read when its caller goes away.
//! - `canceller`: ends statements on Postgres, over a connection of its own.
//! - `interrupt`: ends statements on SQLite. The one module with `unsafe` code.
//! - `pools`: the two pools of threads, and who may use which.
//! - `readers`: the threads of a pool, each with a connection of its own.
//! - `ticket`: one read: whether anybody waits for it, and where it runs.

mod cancel_on_drop;
mod canceller;
mod interrupt;
mod pools;
mod readers;
mod ticket;

pub(super) use interrupt::install as install_interrupts;
pub(in crate::store) use interrupt::is_cancelled as is_read_cancelled;
pub(super) use pools::{Pool, ReadPools};
