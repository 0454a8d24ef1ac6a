//! Health checks: liveness (the process runs) and readiness (it can do its work).

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::state::WebState;

#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
struct HealthResponse {
    status: &'static str,
}

/// `GET /health/live`: answers as long as the process can.
#[utoipa::path(
    method(get, head), path = "/health/live", tag = "Instance",
    security(()),
    responses(
        (status = 200, description = "The process answers", body = HealthResponse),
    ),
)]
pub(crate) async fn show_live() -> HttpResponse {
    HttpResponse::Ok().json(HealthResponse { status: "live" })
}

/// `GET /health/ready`: reads and writes go through, and the process is not about to end.
#[utoipa::path(
    method(get, head), path = "/health/ready", tag = "Instance",
    security(()),
    responses(
        (status = 200, description = "Reads and writes go through the database", body = HealthResponse),
    ),
    extensions(("x-problems" = json!(["shutting_down"]))),
)]
pub(crate) async fn show_ready(state: web::Data<WebState>) -> Result<HttpResponse, ApiError> {
    if state.is_shutting_down() {
        return Err(ApiError::ShuttingDown);
    }
    state.store.ready().await?;
    Ok(HttpResponse::Ok().json(HealthResponse { status: "ready" }))
}
