//! Connections, threads and the schema: what every noun of the store is built on.
//!
//! - `connection`: connections to SQLite and Postgres, and transactions.
//! - `error`: what can go wrong.
//! - `fair_queue`: the writer's queue, in which people take turns.
//! - `migrate`: runs the migrations when the server starts.
//! - `reads`: the threads that read, deadlines, and ending a read.
//! - `schema`: the tables, written by Diesel's command line (`diesel.toml`).
//! - `statement`: the macro `statement!` for queries that are prepared once per connection.
//! - `storage_rations`: how much one person may keep.
//! - `store`: the handle [`Store`](store::Store); opens, closes, hands writes and reads to the threads.
//! - `url`: the value of `HUBBUB_DATABASE_URL`.
//! - `workers`: starts threads, each taking work from a bounded queue.
//! - `write_command`: what waits for the writer: a post or another change, and the caller who waits for the outcome.
//! - `writer`: the one thread that writes: many commands with one commit.

pub(super) mod connection;
pub(super) mod error;
pub(super) mod fair_queue;
pub(super) mod migrate;
pub(super) mod reads;
pub(super) mod schema;
pub(super) mod statement;
pub(super) mod storage_rations;
pub(super) mod store;
pub(super) mod url;
pub(super) mod workers;
pub(super) mod write_command;
pub(super) mod writer;
