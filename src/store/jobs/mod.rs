//! Background jobs. A job is a row, written in the transaction of what causes it, so none is lost when the process
//! ends.
//!
//! - `hosts`: which hosts have jobs waiting.
//! - `leases`: leasing jobs to workers, and settling them.
//! - `purge`: removes what has expired.
//! - `queue`: adds jobs.
//! - `task`: what jobs do, and what becomes of them.

pub(super) mod hosts;
pub(super) mod leases;
pub(super) mod purge;
pub(super) mod queue;
pub(super) mod task;
