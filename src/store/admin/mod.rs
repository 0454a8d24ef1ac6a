//! Tools that run beside a server on the same database.
//!
//! - `check`: whether the database agrees with itself.
//! - `demo_mark`: whether the database is a demo's.
//! - `export`: everything that people wrote.
//! - `inspect`: [`Snapshot`](inspect::Snapshot): a database as it was at one moment; copying and verifying a SQLite
//!   file.
//! - `selection`: which rows an export takes.

pub(super) mod check;
pub(super) mod demo_mark;
pub(super) mod export;
pub(super) mod inspect;
pub(super) mod selection;
