//! Errors of the API: `{"error":"…"}` and a status, which is all that SDKs look at.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use thiserror::Error;

use crate::pusher::ApiAuthError;

/// Why a call failed.
#[derive(Debug, Error)]
pub(super) enum CallError {
    /// No app has this id.
    #[error("no app has the id {0:?}")]
    UnknownApp(String),
    /// The signature, or what it covers, is wrong.
    #[error(transparent)]
    Unauthorised(#[from] ApiAuthError),
    /// The app is disabled.
    #[error("the app is disabled")]
    AppDisabled,
    /// The body or the query is invalid.
    #[error("{0}")]
    BadRequest(String),
    /// Something is larger than allowed; the text names the setting.
    #[error("{0}")]
    TooLarge(String),
    /// The body is compressed in a way that is not known here.
    #[error("Content-Encoding is gzip or identity; it is {0:?}")]
    UnsupportedEncoding(String),
    /// There is no such call.
    #[error("there is no call of this path; see docs/sockets.md")]
    UnknownCall,
    /// The path exists, and these are its methods.
    #[error("this call is made with {0}")]
    Method(&'static str),
    /// The same key came with another body.
    #[error("this Idempotency-Key was used with another body")]
    KeyReused,
    /// The bus is full: nothing was published.
    #[error("too many events wait to be broadcast (HUBBUB_BROADCAST_QUEUE); try again")]
    Busy,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl CallError {
    pub(super) fn bad_request(reason: impl Into<String>) -> Self {
        Self::BadRequest(reason.into())
    }
}

impl ResponseError for CallError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownApp(_) => StatusCode::NOT_FOUND,
            Self::Unauthorised(_) => StatusCode::UNAUTHORIZED,
            Self::AppDisabled => StatusCode::FORBIDDEN,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnknownCall => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::KeyReused => StatusCode::CONFLICT,
            Self::Busy | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            answer.insert_header((RETRY_AFTER, "1"));
        }
        if let Self::Method(methods) = self {
            answer.insert_header((ALLOW, *methods));
        }
        answer.json(serde_json::json!({ "error": self.to_string() }))
    }
}
