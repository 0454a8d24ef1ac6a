//! Hubbub: a chat and a real-time server in one program.
#![allow(missing_docs)]
pub mod auth;
pub mod broadcast;
pub mod config;
pub mod domain;
pub mod events;
pub mod http;
pub mod pusher;
pub mod store;
pub mod telemetry;
pub mod ws;
