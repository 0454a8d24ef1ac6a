//! Connections to SQLite and Postgres, set up for writing or reading, and their transactions.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{io, thread};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::store::{DatabaseUrl, OpenError};

use super::reads::install_interrupts;

/// A connection to SQLite or to Postgres. Most queries are written once, for both.
///
/// Never `DbConnection::establish`: it tries one database after the other, and SQLite takes any text as a file's name.
#[derive(diesel::MultiConnection)]
pub(in crate::store) enum DbConnection {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// Whether a connection writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Access {
    /// Reads and writes: the writer's.
    Write,
    /// Only reads: a write through it fails.
    Read,
}

/// The log is cut to that many bytes when it begins anew: a reader that has stalled makes it grow, and after it has gone the
/// space is given back. The timeout, in milliseconds, is how long another process's lock is waited for; WAL lets readers and the writer work
/// side by side; FULL makes a commit survive a power cut. The order matters: the first protects the others.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA journal_size_limit = 8388608;";

/// The counterpart of `busy_timeout`, and a bound on how long a dead client of ours can hold a room. The writer looks
/// up rows by their keys: that never needs a whole table to be read or a query to be compiled, and planning again for
/// each batch would cost as much as the batch.
const POSTGRES_WRITER_SETTINGS: &str = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; \
     SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off;";

/// Connects to `url` for `access`.
///
/// # Errors
/// What the database's library says.
pub(in crate::store) fn connect(url: &DatabaseUrl, access: Access) -> ConnectionResult<DbConnection> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            install_interrupts();
            let mut connection = SqliteConnection::establish(&sqlite_name(path)?)?;
            set_pragmas(&mut connection, access).map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(DbConnection::Sqlite(connection))
        }
        DatabaseUrl::Postgres(url) => {
            let mut connection = PgConnection::establish(url.expose())?;
            let settings = match access {
                Access::Write => POSTGRES_WRITER_SETTINGS,
                Access::Read => "SET default_transaction_read_only = on; SET jit = off;",
            };
            connection.batch_execute(settings).map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(DbConnection::Postgres(connection))
        }
    }
}

fn set_pragmas(connection: &mut SqliteConnection, access: Access) -> QueryResult<()> {
    let started = Instant::now();
    while let Err(error) = connection.batch_execute(SQLITE_PRAGMAS) {
        if started.elapsed() > WAL_SWITCH_TIMEOUT {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(10));
    }
    match access {
        // What is deleted is overwritten.
        Access::Write => connection.batch_execute("PRAGMA secure_delete = ON"),
        Access::Read => connection.batch_execute("PRAGMA query_only = ON"),
    }
}

/// While one process switches a new file to WAL, SQLite refuses another that wants the same at once, whatever its busy
/// timeout. The switch takes a moment, once in a file's life.
const WAL_SWITCH_TIMEOUT: Duration = Duration::from_millis(500);

/// Creates the file if it is missing, and checks that it is a database of Hubbub before anything is changed in it.
///
/// # Errors
/// [`OpenError::Connect`], [`OpenError::Foreign`].
pub(in crate::store) fn prepare_sqlite_file(path: &Path) -> Result<(), OpenError> {
    create_private_file(path).map_err(|error| failed_to_open(path, error))?;
    let content = sqlite_content(path)?;
    if content.is_ours() || content.tables == 0 {
        return Ok(());
    }
    Err(OpenError::Foreign(path.to_owned()))
}

/// What an existing file contains.
///
/// # Errors
/// [`OpenError::Connect`].
pub(in crate::store) fn sqlite_content(path: &Path) -> Result<FileContent, OpenError> {
    let name = sqlite_name(path).map_err(|error| failed_to_open(path, error))?;
    let mut connection = SqliteConnection::establish(&name).map_err(|error| failed_to_open(path, error))?;
    let content = connection.batch_execute("PRAGMA busy_timeout = 5000");
    content.and_then(|()| FileContent::read(&mut connection)).map_err(|error| failed_to_open(path, error))
}

/// Connects to an existing database of Hubbub.
///
/// # Errors
/// [`OpenError::Missing`], [`OpenError::Connect`], [`OpenError::Foreign`].
pub(in crate::store) fn connect_existing(url: &DatabaseUrl, access: Access) -> Result<DbConnection, OpenError> {
    if let DatabaseUrl::Sqlite(path) = url {
        if !path.exists() {
            return Err(OpenError::Missing(path.clone()));
        }
        if !sqlite_content(path)?.is_ours() {
            return Err(OpenError::Foreign(path.clone()));
        }
    }
    connect(url, access).map_err(|error| OpenError::connecting(url, &error))
}

fn failed_to_open(path: &Path, error: impl std::fmt::Display) -> OpenError {
    OpenError::Connect { database: path.display().to_string(), reason: error.to_string() }
}

/// Set by the first migration: "Hubb".
const HUBBUB_APPLICATION_ID: i32 = 0x4875_6262;

/// What shows whether a file is a database of Hubbub.
#[derive(QueryableByName)]
pub(in crate::store) struct FileContent {
    #[diesel(sql_type = Integer)]
    application_id: i32,
    #[diesel(sql_type = Integer)]
    tables: i32,
}

impl FileContent {
    pub(in crate::store) const fn is_ours(&self) -> bool {
        self.application_id == HUBBUB_APPLICATION_ID
    }

    fn read(connection: &mut SqliteConnection) -> QueryResult<Self> {
        let query = "SELECT application_id, (SELECT count(*) FROM sqlite_master) AS tables FROM pragma_application_id";
        diesel::sql_query(query).get_result(connection)
    }
}

/// The database holds password hashes, so only its owner may read it. SQLite gives its other files the same mode.
fn create_private_file(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The file's name for SQLite. Absolute, so that a name such as `file:x` is not taken as SQLite's own kind of URL.
pub(in crate::store) fn sqlite_name(path: &Path) -> ConnectionResult<String> {
    let absolute = std::path::absolute(path).map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|_| ConnectionError::BadConnection("the path is not valid UTF-8".to_owned()))
}

/// Opens the writer's transaction. SQLite takes its write lock at once: a transaction that has read first may be
/// refused the lock when it writes, and would have to be rolled back.
pub(in crate::store) fn begin_write(connection: &mut DbConnection) -> QueryResult<()> {
    match connection {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE"),
        DbConnection::Postgres(postgres) => AnsiTransactionManager::begin_transaction_sql(postgres, "BEGIN"),
    }
}

/// Opens a transaction in which all queries see the same snapshot.
pub(in crate::store) fn begin_snapshot(connection: &mut DbConnection) -> QueryResult<()> {
    match connection {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN"),
        DbConnection::Postgres(postgres) => {
            AnsiTransactionManager::begin_transaction_sql(postgres, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        }
    }
}

/// Commits the transaction.
pub(in crate::store) fn commit(connection: &mut DbConnection) -> QueryResult<()> {
    <DbConnection as Connection>::TransactionManager::commit_transaction(connection)
}

/// Rolls the transaction back.
pub(in crate::store) fn rollback(connection: &mut DbConnection) -> QueryResult<()> {
    <DbConnection as Connection>::TransactionManager::rollback_transaction(connection)
}
