//! Revoking a channel authorization: Hubbub's addition to the Pusher HTTP API.

use actix_web::HttpResponse;
use serde_json::{Map, Value};

use crate::bus::{BusMessage, Revocation};

use super::error::CallError;
use super::signed_call::SignedCall;

/// `POST /apps/{id}/revoke` with `{"app":1,"user_id":7,"channel":"private-room.1","revoked_at":1764000318123456}`: takes the
/// sockets that are in a channel for a user out of it, and refuses authorisations issued until that time, in microseconds
/// since 1970 UTC.
pub(super) async fn revoke_right(call: SignedCall) -> Result<HttpResponse, CallError> {
    let mut request: Map<String, Value> = call.json()?;
    // The path's app counts: its secret signed the call.
    request.insert("app".to_owned(), serde_json::json!(call.app.id));
    let revocation: Revocation = serde_json::from_value(request.into())
        .map_err(|error| CallError::bad_request(format!("the revocation: {error}")))?;
    call.api.broker().publish(BusMessage::Revoke(revocation)).map_err(|_| CallError::Busy)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({})))
}
