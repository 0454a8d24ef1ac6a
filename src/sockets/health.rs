//! Health checks of a socket server in a process of its own.

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::ThinData;
use serde::Serialize;

use super::SocketServer;

#[derive(Serialize)]
struct HealthResponse {
    status: &'static str,
}

/// `GET /health/live`: the process answers.
pub(super) async fn show_live() -> HttpResponse {
    HttpResponse::Ok().json(HealthResponse { status: "live" })
}

/// `GET /health/ready`: sockets are accepted, and the bus is connected.
pub(super) async fn show_ready(ThinData(server): ThinData<SocketServer>) -> HttpResponse {
    let status = if server.hub().is_stopping() {
        "stopping"
    } else if server.broker().state().is_connected {
        return HttpResponse::Ok().json(HealthResponse { status: "ready" });
    } else {
        "cut off from the bus"
    };
    HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(HealthResponse { status })
}
