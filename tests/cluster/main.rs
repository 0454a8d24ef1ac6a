//! Several processes of Hubbub with a real NATS server, and what happens when some of it dies: each test begins with what
//! `docs/operating.md` promises.
//!
//! Needs the program `nats-server` (the Debian package of that name), and Postgres in `HUBBUB_TEST_POSTGRES_URL`; without
//! them the tests say that they are skipped, or fail when `HUBBUB_TEST_REQUIRE_POSTGRES` and `_NATS` are set.

#![cfg(test)]

mod client;
mod cluster;
mod cuts;
#[path = "../it/database.rs"]
mod database;
mod delivery;
mod nats;
mod node;
mod page;
mod partition;
mod presence;
mod proxy;
mod restarts;
mod spread;
