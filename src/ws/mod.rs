//! The socket server's transport: from the upgrade of a connection to its end (step 5 of the walk begins here).
//!
//! [`upgrade`](upgrade::connect) answers `GET /app/{key}`, [`conversation`] reads what a client sends and acts on it,
//! [`body`] writes what its outbox holds. What a frame means is said in [`crate::pusher`], who gets what in
//! [`crate::broadcast`].

mod body;
mod conversation;
mod descriptor;
mod meter;
mod rate;
mod server;
mod subscribe;
mod upgrade;

pub use descriptor::{Descriptor, keep_descriptor};
pub use server::{App, SocketServer};

use actix_web::web::{self, ServiceConfig};

/// The socket server's routes. The app needs a [`SocketServer`] of its worker as app data.
pub fn configure(config: &mut ServiceConfig) {
    config.route("/app/{key}", web::get().to(upgrade::connect));
}
