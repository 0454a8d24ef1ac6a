//! What can go wrong in the store.

use thiserror::Error;

/// Why the store did not do what it was asked. All but the last three are refusals: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The room does not exist, or the person may not know that it does.
    #[error("no such room")]
    RoomNotFound,
    /// The person can see the room but does not belong to it.
    #[error("not a member of the room")]
    NotAMember,
    /// The room has no such message, or it was taken back.
    #[error("no such message")]
    MessageNotFound,
    /// The person's role does not allow it.
    #[error("not allowed")]
    NotAllowed,
    /// Nobody has that id.
    #[error("no such user")]
    UserNotFound,
    /// Somebody else has the user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Signing up needs an invitation, and there is none, or none that is valid.
    #[error("signing up needs an invitation")]
    SignUpClosed,
    /// The session's token is unknown, expired or was used before.
    #[error("the session has ended")]
    SessionEnded,
    /// The person has no such API token.
    #[error("no such API token")]
    TokenNotFound,
    /// The author has posted something else under this client id.
    #[error("the client id stands for another message")]
    ClientIdReused,
    /// The queue is full: come back in a moment.
    #[error("too much is waiting to be stored")]
    Busy,
    /// The database cannot be used at present: locked, full, gone. It may be back in a moment.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A fault of the program or of the database's content.
    #[error("the store failed: {0}")]
    Internal(String),
}

/// Why a database cannot be opened, in words for the person who starts the server.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nothing answers there, or it refuses.
    #[error("cannot open the database {database}: {reason}")]
    Connect {
        /// The path, or the kind of database: never a password.
        database: String,
        /// What the database's library says.
        reason: String,
    },
}
