//! Several processes of Hubbub with a real NATS server, and what happens when some of it dies: each test begins with what
//! `docs/operating.md` promises.
//!
//! Needs the program `nats-server` (the Debian package of that name), and Postgres in `HUBBUB_TEST_POSTGRES_URL`; without
//! them the tests say that they are skipped, or fail when `HUBBUB_TEST_REQUIRE_POSTGRES` and `_NATS` are set. One test
//! needs root and the program `ip`; it is skipped in the same way, or fails when `HUBBUB_TEST_REQUIRE_NAMESPACES` is set.

#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod cuts;
mod delivery;
mod ends;
mod nats;
mod page;
mod partition;
mod person;
mod presence;
mod proxy;
mod restarts;
mod spread;
mod webhooks;
