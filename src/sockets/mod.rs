//! The socket server: from the upgrade of a connection to its end (step 5 of the walk begins here).
//!
//! | | |
//! |---|---|
//! | `server` | what a worker needs to serve sockets |
//! | `routes` | its HTTP routes, `health` among them |
//! | `session` | admission, authorization, and handling of the client's frames |
//! | `transport` | the WebSocket protocol over a connection: of its own, or through actix-ws |
//!
//! What a frame means is said in [`crate::pusher`], who gets what in [`crate::broadcast`]. The HTTP API by which other
//! applications publish is [`crate::pusher_api`]; [`crate::pusher_webhooks`] tells them what happens.

mod health;
mod routes;
mod server;
mod session;
mod transport;

pub use routes::{configure, configure_health};
pub use server::SocketServer;
pub use transport::{RawFd, keep_descriptor, serve_socket};
