//! Whether a socket server by itself lives, and whether it should be sent sockets.

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::ThinData;
use serde::Serialize;

use super::SocketServer;

#[derive(Serialize)]
struct HealthResponse {
    status: &'static str,
}

/// `GET /health/live`: answers as long as the process can.
pub(super) async fn show_live() -> HttpResponse {
    HttpResponse::Ok().json(HealthResponse { status: "live" })
}

/// `GET /health/ready`: sockets are taken in, and the events of other processes reach them.
pub(super) async fn show_ready(ThinData(server): ThinData<SocketServer>) -> HttpResponse {
    let status = if server.hub().is_closing() {
        "stopping"
    } else if server.broker().state().is_connected {
        return HttpResponse::Ok().json(HealthResponse { status: "ready" });
    } else {
        "cut off from the bus"
    };
    HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(HealthResponse { status })
}
