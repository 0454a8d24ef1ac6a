//! Everything that the HTTP API refuses or fails at, as one type.
//!
//! The `Display` of an error is for the log; what the caller is told stands in [`problem`](crate::http::pipeline::problem).

use actix_web::error::QueryPayloadError;
use thiserror::Error;

use crate::auth::{AccessTokenError, PasswordError, TooManyAttempts};
use crate::domain::InvalidField;
use crate::domain::yjs::UpdateError;
use crate::store::StoreError;

/// Why a request was not done.
#[derive(Debug, Error)]
pub enum ApiError {
    /// No `Authorization` header, or another scheme than Bearer.
    #[error("no token")]
    TokenMissing,
    /// The token is malformed, forged, revoked or somebody else's.
    #[error("the token is not valid")]
    TokenInvalid,
    /// The access token's time is over.
    #[error("the access token has expired")]
    TokenExpired,
    /// The session was ended, here or on another device, or nobody used it for long.
    #[error("the session has ended")]
    SessionEnded,
    /// The user name or the password is wrong; which one is not told.
    #[error("wrong user name or password")]
    WrongCredentials,
    /// Somebody guesses.
    #[error(transparent)]
    TooManyAttempts(#[from] TooManyAttempts),
    /// Only administrators may do it.
    #[error("only administrators may do this")]
    AdministratorsOnly,
    /// An API token must not make or revoke tokens, nor sign a browser out.
    #[error("only a signed-in session may do this")]
    SessionNeeded,
    /// A page of another site made the browser send it.
    #[error("sent by another site's page")]
    CrossSite,
    /// The person may not do this to that room, message or member.
    #[error("not allowed")]
    NotAllowed,
    /// Signing up needs an invitation.
    #[error("signing up needs an invitation")]
    SignUpClosed,
    /// The person can see the room but does not belong to it.
    #[error("not a member of the room")]
    NotAMember,
    /// The channel does not exist, or the person may not join it; which one is not told.
    #[error("the channel may not be joined")]
    ChannelRefused,
    /// No route has that path.
    #[error("no such path")]
    RouteNotFound,
    /// The room does not exist, or the person may not know that it does.
    #[error("no such room")]
    RoomNotFound,
    /// The room has no such message.
    #[error("no such message")]
    MessageNotFound,
    /// The person to be removed does not belong to the room.
    #[error("no such member")]
    MemberNotFound,
    /// Nobody has that id.
    #[error("no such user")]
    UserNotFound,
    /// The person has no such API token.
    #[error("no such API token")]
    TokenNotFound,
    /// There is no such webhook, or it is somebody else's.
    #[error("no such webhook")]
    WebhookNotFound,
    /// The webhook has no such delivery.
    #[error("no such delivery")]
    DeliveryNotFound,
    /// There is no such file for this person.
    #[error("no such file")]
    FileNotFound,
    /// The image is too large, or none, or broken: it has no small picture.
    #[error("the file has no thumbnail")]
    ThumbnailNotFound,
    /// The document does not exist, or the person may not know that it does.
    #[error("no such document")]
    DocumentNotFound,
    /// The document has no such version, or keeps it no longer.
    #[error("no such version")]
    VersionNotFound,
    /// The message's time line is not kept here.
    #[error("the flow is forgotten")]
    FlowForgotten,
    /// The path exists, but not with this method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// Somebody has the user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// The author has posted something else under this client id.
    #[error("the client id stands for another message")]
    ClientIdReused,
    /// The document is only read.
    #[error("the document is archived")]
    DocumentArchived,
    /// A document would be larger than `HUBBUB_MAX_DOCUMENT_BYTES`, or what was to be merged into it is.
    #[error("the document is larger than {max_document_bytes} bytes")]
    DocumentTooLarge {
        /// The limit.
        max_document_bytes: usize,
    },
    /// The bytes are no Yjs update of a text.
    #[error("no Yjs update of a text: {0}")]
    InvalidUpdate(&'static str),
    /// The bytes are no Yjs state vector.
    #[error("no Yjs state vector")]
    InvalidStateVector,
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
    /// The body is not UTF-8.
    #[error("the body is not UTF-8")]
    InvalidUtf8,
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    InvalidJson(String),
    /// The body is JSON or a form, but not of the fields that the call takes.
    #[error("the fields do not fit: {detail}")]
    Unfit {
        /// `unknown_field`, `missing_field` or `invalid_field`.
        code: &'static str,
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

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::RoomNotFound => Self::RoomNotFound,
            StoreError::NotAMember => Self::NotAMember,
            StoreError::MessageNotFound => Self::MessageNotFound,
            StoreError::NotAllowed => Self::NotAllowed,
            StoreError::UserNotFound => Self::UserNotFound,
            StoreError::UsernameTaken => Self::UsernameTaken,
            StoreError::SignUpClosed => Self::SignUpClosed,
            StoreError::SessionEnded => Self::SessionEnded,
            StoreError::TokenNotFound => Self::TokenNotFound,
            StoreError::WebhookNotFound => Self::WebhookNotFound,
            StoreError::DeliveryNotFound => Self::DeliveryNotFound,
            StoreError::FileNotFound => Self::FileNotFound,
            StoreError::DocumentNotFound => Self::DocumentNotFound,
            StoreError::DocumentArchived => Self::DocumentArchived,
            StoreError::VersionNotFound => Self::VersionNotFound,
            StoreError::ClientIdReused => Self::ClientIdReused,
            StoreError::Busy => Self::Busy(Queue::Writes),
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
            UpdateError::InvalidStateVector => Self::InvalidStateVector,
            UpdateError::Damaged(reason) => Self::Internal(format!("a document's state: {reason}")),
        }
    }
}

impl From<AccessTokenError> for ApiError {
    fn from(error: AccessTokenError) -> Self {
        match error {
            AccessTokenError::Expired => Self::TokenExpired,
            AccessTokenError::Invalid => Self::TokenInvalid,
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
