//! Revoking a channel authorization: Hubbub's addition to the Pusher HTTP API.

use actix_web::HttpResponse;

use crate::bus::{BusMessage, Revocation};

use super::error::CallError;
use super::signed_call::SignedCall;

/// `POST /apps/{id}/revoke` with `{"app":1,"user_id":7,"channel":"private-room.1","revoked_at":1764000318123456}`: takes the
/// sockets that are in a channel for a user out of it, and refuses authorisations issued until that time, in microseconds
/// since 1970 UTC.
#[utoipa::path(
    post, path = "/apps/{app_id}/revoke", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id")),
    request_body = Revocation,
    responses((status = 200, description = "Handed over to the bus: `{}`", body = Object)),
)]
pub(super) async fn revoke_right(call: SignedCall) -> Result<HttpResponse, CallError> {
    let revocation: Revocation = call.json_with_app()?;
    call.api.broker().publish(BusMessage::Revoke(revocation)).map_err(|_| CallError::Busy)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({})))
}
