//! Closing the sockets of sessions and API tokens that have ended: Hubbub's addition to the Pusher HTTP API.

use actix_web::HttpResponse;

use crate::bus::{BusMessage, CredentialsEnded};

use super::error::CallError;
use super::signed_call::SignedCall;

/// `POST /apps/{id}/end_credentials` with
/// `{"app":1,"ended":[{"credential":"session.12","user_id":7}],"is_reminder":false}`: closes the sockets whose
/// authorisation names one of these credentials, and refuses such authorisations from then on.
pub(super) async fn end_credentials(call: SignedCall) -> Result<HttpResponse, CallError> {
    // The path's app counts: its secret signed the call.
    let ended = CredentialsEnded { app: call.app.id, ..call.json()? };
    call.api.broker().publish(BusMessage::EndCredentials(ended)).map_err(|_| CallError::Busy)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({})))
}
