//! Health checks of a socket server in a process of its own.

use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
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

/// `GET /up`, as Reverb answers it: the process answers.
pub(super) async fn show_up() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "health": "OK" }))
}

/// `/usage`, where Soketi tells its memory: `/metrics` has it here.
pub(super) async fn show_no_usage() -> HttpResponse {
    HttpResponse::NotFound().json(serde_json::json!({ "error": "there is no /usage; see /metrics" }))
}

/// `GET /health/ready`, and `GET /ready` and `GET /accept-traffic` as Soketi has them: sockets are accepted, and the bus is connected.
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

/// Any other method than GET and HEAD on these paths.
pub(super) async fn refuse_method() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, "GET, HEAD"))
        .json(serde_json::json!({ "error": "this path answers GET and HEAD" }))
}
