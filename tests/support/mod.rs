//! What the test programs share: starting servers, and clients that speak to them.
//!
//! | | |
//! |---|---|
//! | `settings` | credentials and deadlines, and what the environment changes about a run |
//! | `server` | a server in the test's own process |
//! | `process` | a server in a process of its own, which can be killed |
//! | `person` | somebody who uses the HTTP API |
//! | `socket` | a Pusher client |
//! | `publisher` | an application that uses the Pusher HTTP API |
//! | `database` | a Postgres database for one test |

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod database;
pub(crate) mod person;
pub(crate) mod process;
pub(crate) mod publisher;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod socket;
