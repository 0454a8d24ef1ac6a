//! The socket server's transport: from the upgrade of a connection to its end (step 5 of the walk begins here).
//!
//! `upgrade` answers `GET /app/{key}`, `conversation` reads what a client sends and acts on it, `body` writes what its
//! outbox holds. Beside it, `api` is the HTTP API by which other applications publish, and `webhooks` tells them what
//! happens. What a frame means is said in [`crate::pusher`], who gets what in [`crate::broadcast`].

mod api;
mod apps_file;
mod body;
mod conversation;
mod descriptor;
mod idempotency;
mod meter;
mod rate;
mod server;
mod subscribe;
mod upgrade;
mod webhooks;

pub use apps_file::{AppsFileError, default_limits, read_apps};
pub use descriptor::{Descriptor, keep_descriptor};
pub use idempotency::Published;
pub use server::SocketServer;
pub use webhooks::{WebhookCounts, WebhookTiming, Webhooks};

use actix_web::web::{self, ServiceConfig};

/// The socket server's routes. The app needs a [`SocketServer`] of its worker as app data.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/app/{key}", web::get().to(upgrade::connect))
        .route("/app", web::get().to(upgrade::refuse_path))
        .route("/app/{key}/{rest:.*}", web::get().to(upgrade::refuse_path))
        .configure(api::configure);
}
