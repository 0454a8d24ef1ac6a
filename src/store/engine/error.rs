//! Errors of the store.

use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DatabaseError};
use thiserror::Error;

use crate::domain::Refusal;
use crate::store::DatabaseUrl;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The person may not do it, or it cannot be done: nothing was changed, and the transaction can go on.
    #[error("{0}")]
    Refused(Refusal),
    /// The queue is full: come back in a moment.
    #[error("too much is waiting to be stored")]
    Busy,
    /// A read took longer than the deadline, and was ended.
    #[error("a read took longer than {} s and was ended (HUBBUB_READ_TIMEOUT_SECS)", .0.as_secs())]
    Timeout(Duration),
    /// The database cannot be used at present: locked, full, gone. It may be back in a moment.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A fault of the program or of the database's content.
    #[error("the store failed: {0}")]
    Internal(String),
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The error for a value in the database that this program does not write.
pub(in crate::store) fn damaged(table: &str, id: i64, column: &str) -> StoreError {
    StoreError::Internal(format!("{table}.{column} of row {id} has an unknown value"))
}

/// Turns a refusal into an outcome (`Ok(Err(refusal))`), for the transaction can go on. Other errors stay errors, for
/// they make the transaction unusable.
///
/// # Errors
/// Every error but a refusal.
pub(in crate::store) fn separate_refusal<T>(
    outcome: Result<T, StoreError>,
) -> Result<Result<T, StoreError>, StoreError> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(StoreError::Refused(refusal)) => Ok(Err(refusal.into())),
        Err(error) => Err(error),
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        if is_outage(&error) { Self::Unavailable(error.to_string()) } else { Self::Internal(error.to_string()) }
    }
}

impl From<ConnectionError> for StoreError {
    fn from(error: ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Whether the same query may succeed later, or over another connection.
fn is_outage(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::BrokenTransactionManager => true,
        DatabaseError::RollbackErrorOnCommit { commit_error, .. } => is_outage(commit_error),
        DatabaseError::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction => true,
            _ => OUTAGES.iter().any(|outage| information.message().contains(outage)),
        },
        _ => false,
    }
}

/// Diesel has no kinds for these; SQLite's texts are fixed, Postgres's are English unless its operator chose otherwise.
const OUTAGES: [&str; 9] = [
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "lock timeout",
    "No space left on device",
    "could not extend file",
];

/// Why a database cannot be opened, in words for the person who starts the server.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nothing answers there, or it refuses, or it is no database.
    #[error("cannot open the database {database}: {reason}")]
    Connect {
        /// The file, or the kind of server: never a password.
        database: String,
        /// What the database's library says.
        reason: String,
    },
    /// A Postgres server is to be reached over TLS, which not every build can.
    #[error(
        "the database's URL wants TLS (sslmode), and this program was built without it; build it anew: \
         cargo build --release --features postgres-tls"
    )]
    NoTls,
    /// The file belongs to another program.
    #[error("{} is a database of another program; name another file in HUBBUB_DATABASE_URL", .0.display())]
    Foreign(PathBuf),
    /// There is no database, and the tool that was started creates none.
    #[error("there is no database at {}", .0.display())]
    Missing(PathBuf),
    /// The schema is older, and the tool that was started runs no migrations.
    #[error("the database was made by an older version of Hubbub; bring it up to date: hubbub migrate")]
    Outdated,
    /// An older program would damage it.
    #[error("the database was made by a newer version of Hubbub (it has the migration {0}); start that version")]
    Newer(String),
    /// A migration failed; nothing was changed.
    #[error("cannot bring the database's schema up to date: {0}")]
    Migrate(String),
    /// The system gives no more threads.
    #[error("cannot start a thread of the store: {0}")]
    Thread(#[from] io::Error),
}

/// What libpq says of settings that need TLS, when it was built without.
const WITHOUT_TLS: &str = "SSL support is not compiled in";

impl OpenError {
    /// Why no connection could be made.
    pub(in crate::store) fn connecting(url: &DatabaseUrl, error: &dyn fmt::Display) -> Self {
        let reason = error.to_string();
        if reason.contains(WITHOUT_TLS) { Self::NoTls } else { Self::Connect { database: url.to_string(), reason } }
    }
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        Self::Migrate(error.to_string())
    }
}
