//! Closing a user's sockets.

use actix_web::{HttpResponse, web};

use crate::bus::{BusMessage, Termination};

use super::error::CallError;
use super::signed_call::SignedCall;

/// `POST /apps/{id}/users/{user_id}/terminate_connections`: closes the sockets that are signed in as this user.
#[utoipa::path(
    post, path = "/apps/{app_id}/users/{user_id}/terminate_connections", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id"), ("user_id" = String, Path, description = "The user's id, as the app signed it")),
    responses((status = 200, description = "Handed over to the bus: `{}`", body = Object)),
)]
pub(super) async fn terminate_connections(
    call: SignedCall,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, CallError> {
    let (_, user_id) = path.into_inner();
    let termination = Termination { app: call.app.id, user_id };
    call.api.broker().publish(BusMessage::Terminate(termination)).map_err(|_| CallError::Busy)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({})))
}
