//! Closing the sockets of sessions and API tokens that have ended: Hubbub's addition to the Pusher HTTP API.

use actix_web::HttpResponse;

use crate::bus::{BusMessage, CredentialsEnded};

use super::error::CallError;
use super::signed_call::SignedCall;

/// `POST /apps/{id}/end_credentials` with
/// `{"app":1,"ended":[{"credential":"session.12","user_id":7}],"is_reminder":false}`: closes the sockets whose
/// authorisation names one of these credentials, and refuses such authorisations from then on.
#[utoipa::path(
    post, path = "/apps/{app_id}/end_credentials", tag = "Pusher",
    params(("app_id" = String, Path, description = "The app's id")),
    request_body = CredentialsEnded,
    responses((status = 200, description = "Handed over to the bus: `{}`", body = Object)),
)]
pub(super) async fn end_credentials(call: SignedCall) -> Result<HttpResponse, CallError> {
    let ended: CredentialsEnded = call.json_with_app()?;
    call.api.broker().publish(BusMessage::EndCredentials(ended)).map_err(|_| CallError::Busy)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({})))
}
