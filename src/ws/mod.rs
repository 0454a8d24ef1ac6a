//! The socket server's transport: from the upgrade of a connection to its end (step 5 of the walk begins here).
//!
//! `admission` says who may connect, `conversation` reads what a client sends and acts on it; `wire` is the seam to the
//! two transports, `tcp` and `upgrade`. Beside it, `api` is the HTTP API by which other applications publish, and
//! `webhooks` tells them what happens. What a frame means is said in [`crate::pusher`], who gets what in
//! [`crate::broadcast`].

mod admission;
mod api;
mod apps_file;
mod body;
mod conversation;
mod descriptor;
mod frames;
mod health;
mod inflate;
mod meter;
mod offers;
mod rate;
mod server;
mod subscribe;
mod tcp;
mod tcp_reading;
mod upgrade;
mod webhooks;
mod wire;

pub use api::ApiState;
pub use apps_file::{AppsFileError, default_limits, read_apps};
pub use descriptor::{Descriptor, keep_descriptor};
pub use server::SocketServer;
pub use tcp::serve_socket;
pub use webhooks::{WebhookCounts, Webhooks};

use actix_web::web::{self, ServiceConfig, ThinData};

/// The socket server's routes, for one worker.
pub fn configure(config: &mut ServiceConfig, server: SocketServer) {
    config
        .app_data(ThinData(server))
        .route("/app/{key}", web::get().to(upgrade::connect))
        .route("/app", web::get().to(upgrade::refuse))
        .route("/app/{key}/{rest:.*}", web::get().to(upgrade::refuse))
        .configure(api::configure);
}

/// The routes by which a socket server without the rest says how it is.
pub fn configure_health(config: &mut ServiceConfig) {
    config
        .route("/health/live", web::get().to(health::show_live))
        .route("/health/ready", web::get().to(health::show_ready));
}
