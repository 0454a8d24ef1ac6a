//! The socket server's HTTP routes.

use actix_web::web::{self, ServiceConfig, ThinData};

use super::health;
use super::server::SocketServer;
use super::transport::actix_ws;

/// The socket server's routes, for one worker.
pub fn configure(config: &mut ServiceConfig, server: SocketServer) {
    config
        .app_data(ThinData(server))
        .route("/app/{key}", web::get().to(actix_ws::connect))
        .route("/app", web::get().to(actix_ws::refuse))
        .route("/app/{key}/{rest:.*}", web::get().to(actix_ws::refuse));
}

/// The health checks of a socket server in a process of its own.
pub fn configure_health(config: &mut ServiceConfig) {
    config
        .route("/health/live", web::get().to(health::show_live))
        .route("/health/ready", web::get().to(health::show_ready));
}
