//! Values of settings that are more than a number or a text.
//!
//! - `pusher_server`: the address of a server with Pusher's HTTP API, with its credentials.
//! - `role`: which parts of Hubbub a process runs.
//! - `secret`: a text that is not shown.

mod pusher_server;
mod role;
mod secret;

pub use pusher_server::{InvalidPusherUrl, PusherServer};
pub use role::ProcessRole;
pub use secret::Secret;
