//! The HTTP server.
//!
//! | | |
//! |---|---|
//! | `server` | which routes a role has, on how many threads |
//! | `access_log` | a line for each request |
//! | `connections` | how many one network address may have |
//! | `body_pace` | the least rate of request bodies |
//! | `http_service` | a server whose upgraded connections leave HTTP |
//! | `listener` | the socket that connections arrive at, and what becomes of those that come too late |
//! | `requests_in_flight` | the requests that the end waits for |
//! | `metrics` | `GET /metrics`: who may read it, the bus and the sockets |
//! | `request_metrics` | requests and sign-ins |
//! | `store_metrics` | the store and the disks |
//! | `process_metrics` | the process |

mod access_log;
mod body_pace;
mod connections;
mod http_service;
mod listener;
mod metrics;
mod process_metrics;
mod request_metrics;
mod requests_in_flight;
mod server;
mod store_metrics;

pub(super) use listener::{Listener, Newcomers};
pub(super) use requests_in_flight::RequestsInFlight;
pub(super) use server::{Routes, serve};
