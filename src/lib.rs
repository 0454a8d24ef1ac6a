//! Hubbub: a chat and a real-time server in one program.
#![allow(missing_docs)]
pub mod broadcast;
pub mod config;
pub mod domain;
pub mod events;
pub mod pusher;
pub mod ws;
