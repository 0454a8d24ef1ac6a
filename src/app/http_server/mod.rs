//! The HTTP server.
//!
//! | | |
//! |---|---|
//! | `server` | which routes a role has, on how many threads |
//! | `connections` | how many one network address may have |
//! | `body_pace` | the least rate of request bodies |
//! | `http_service` | a server whose upgraded connections leave HTTP |
//! | `metrics` | `GET /metrics`: who may read it, the bus and the sockets |
//! | `request_metrics` | requests and sign-ins |
//! | `store_metrics` | the store and the disks |
//! | `process_metrics` | the process |

mod body_pace;
mod connections;
mod http_service;
mod metrics;
mod process_metrics;
mod request_metrics;
mod server;
mod store_metrics;

pub(super) use server::{Routes, listen, serve};
