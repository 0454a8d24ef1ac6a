//! The HTTP server.
//!
//! | | |
//! |---|---|
//! | `server` | which routes a role has, on how many threads |
//! | `connections` | how many one network address may have |
//! | `body_pace` | the least rate of request bodies |
//! | `http_service` | a server whose upgraded connections leave HTTP |
//! | `metrics` | `GET /metrics` |

mod body_pace;
mod connections;
mod http_service;
mod metrics;
mod server;

pub(super) use server::{Routes, listen, serve};
