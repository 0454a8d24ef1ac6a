//! The HTTP server.
//!
//! | | |
//! |---|---|
//! | `server` | which routes a role has, on how many threads |
//! | `connections` | how many one network address may have |
//! | `body_pace` | the least rate of request bodies |
//! | `http_service` | a server whose upgraded connections leave HTTP |
//! | `listener` | the socket that connections arrive at, and what becomes of those that come too late |
//! | `requests_in_flight` | the requests that the end waits for |
//! | `metrics` | `GET /metrics` |

mod body_pace;
mod connections;
mod http_service;
mod listener;
mod metrics;
mod requests_in_flight;
mod server;

pub(super) use listener::{Listener, Newcomers};
pub(super) use requests_in_flight::RequestsInFlight;
pub(super) use server::{Routes, serve};
