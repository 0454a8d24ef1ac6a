//! The HTTP server.
//!
//! | | |
//! |---|---|
//! | `server` | which routes a role has, on how many threads |
//! | `http_service` | a server whose upgraded connections leave HTTP |
//! | `metrics` | `GET /metrics` |

mod http_service;
mod metrics;
mod server;

pub(super) use server::{Routes, listen, serve};
