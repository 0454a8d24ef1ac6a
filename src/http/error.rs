//! Everything that the HTTP API refuses or fails at, as one type.
//!
//! The `Display` of an error is for the log; what the caller is told stands in [`problem`](crate::http::pipeline::problem).

use std::time::Duration;

use actix_web::error::QueryPayloadError;
use thiserror::Error;

use crate::auth::{AccessTokenError, PasswordError, TooManyAttempts};
use crate::domain::yjs::UpdateError;
use crate::domain::{InvalidField, Refusal};
use crate::http::pipeline::rationing::RationUsedUp;
use crate::store::StoreError;

/// Why a request was not done.
#[derive(Debug, Error)]
pub enum ApiError {
    /// One of the refusals that have nothing more to say than their sentence.
    #[error("{0}")]
    Refused(Refusal),
    /// Somebody guesses.
    #[error(transparent)]
    TooManyAttempts(#[from] TooManyAttempts),
    /// Somebody has used up a ration.
    #[error(transparent)]
    RationUsedUp(#[from] RationUsedUp),
    /// The body came more slowly than `HUBBUB_BODY_MIN_BYTES_PER_SEC`.
    #[error("the body came too slowly")]
    BodyTooSlow,
    /// A document would be larger than `HUBBUB_MAX_DOCUMENT_BYTES`, or what was to be merged into it is.
    #[error("the document is larger than {max_document_bytes} bytes")]
    DocumentTooLarge {
        /// The limit.
        max_document_bytes: usize,
    },
    /// The bytes are no Yjs update of a text.
    #[error("no Yjs update of a text: {0}")]
    InvalidUpdate(&'static str),
    /// The body is larger than `HUBBUB_MAX_BODY_BYTES`.
    #[error("the body is larger than {max_body_bytes} bytes")]
    BodyTooLarge {
        /// The limit.
        max_body_bytes: usize,
    },
    /// An upload is larger than `HUBBUB_MAX_FILE_BYTES`.
    #[error("the file is larger than {max_file_bytes} bytes")]
    FileTooLarge {
        /// The limit.
        max_file_bytes: u64,
    },
    /// The range lies beyond the file, or there are several.
    #[error("the range cannot be answered")]
    RangeNotSatisfiable {
        /// The file's length.
        bytes: u64,
    },
    /// The body stopped before its end, or could not be unpacked.
    #[error("the body is incomplete: {0}")]
    BodyIncomplete(String),
    /// The body is of a type that this call does not take.
    #[error("unsupported media type {media_type:?}")]
    UnsupportedMediaType {
        /// What the caller says it is.
        media_type: String,
        /// What the call takes.
        expected: &'static str,
    },
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    InvalidJson(String),
    /// The body is JSON or a form, but not of the fields that the call takes.
    #[error("the fields do not fit: {detail}")]
    Unfit {
        /// `unknown_field`, `missing_field`, `duplicate_field` or `invalid_field`.
        refusal: Refusal,
        /// The field, when the parser names it.
        field: Option<String>,
        /// What the parser says.
        detail: String,
    },
    /// The query is not of the parameters that the call takes.
    #[error("the query does not fit: {0}")]
    InvalidQuery(String),
    /// A field has a value that cannot be accepted.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// As many event streams are open as `HUBBUB_MAX_EVENT_STREAMS` allows.
    #[error("{max_event_streams} event streams are open")]
    TooManyEventStreams {
        /// The limit.
        max_event_streams: usize,
    },
    /// A queue is full: come back in a moment.
    #[error("busy: {0}")]
    Busy(Queue),
    /// A read took longer than `HUBBUB_READ_TIMEOUT_SECS`.
    #[error("a read took longer than {} s (HUBBUB_READ_TIMEOUT_SECS)", .0.as_secs())]
    ReadTimeout(Duration),
    /// The process is about to end.
    #[error("shutting down")]
    ShuttingDown,
    /// The database cannot be used at present.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A fault of the program.
    #[error("{0}")]
    Internal(String),
}

/// A bounded queue that can be full.
#[derive(Debug, Clone, Copy, Error)]
pub enum Queue {
    /// `HUBBUB_WRITE_QUEUE`.
    #[error("too much is waiting to be stored")]
    Writes,
    /// `HUBBUB_MAX_WAITING_DOCUMENT_SAVES`.
    #[error("too many saves of documents wait to be merged")]
    Merges,
    /// `HUBBUB_PASSWORD_THREADS`.
    #[error("too many passwords wait to be checked")]
    Passwords,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::Refused(refusal),
            StoreError::Busy => Self::Busy(Queue::Writes),
            StoreError::Timeout(limit) => Self::ReadTimeout(limit),
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            StoreError::Internal(reason) => Self::Internal(format!("the store failed: {reason}")),
        }
    }
}

impl From<UpdateError> for ApiError {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::Invalid(reason) => Self::InvalidUpdate(reason),
            UpdateError::TooLarge { bytes: _, max_bytes } => Self::DocumentTooLarge { max_document_bytes: max_bytes },
            UpdateError::InvalidStateVector => Self::Refused(Refusal::InvalidStateVector),
            UpdateError::Damaged(reason) => Self::Internal(format!("a document's state: {reason}")),
        }
    }
}

impl From<AccessTokenError> for ApiError {
    fn from(error: AccessTokenError) -> Self {
        match error {
            AccessTokenError::Expired => Self::Refused(Refusal::TokenExpired),
            AccessTokenError::Invalid => Self::Refused(Refusal::TokenInvalid),
        }
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy(Queue::Passwords),
            PasswordError::Failed(reason) => Self::Internal(reason),
        }
    }
}

impl From<QueryPayloadError> for ApiError {
    fn from(error: QueryPayloadError) -> Self {
        Self::InvalidQuery(error.to_string())
    }
}
