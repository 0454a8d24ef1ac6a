//! Reading a database while a server uses it: one snapshot of everything, and no change.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tracing::warn;

use crate::store::engine::connection::{Access, DbConnection, begin_snapshot, connect_existing, sqlite_name};
use crate::store::engine::migrate::require_current;
use crate::store::{DatabaseUrl, OpenError, StoreError};

/// A database as it was at one moment. Others may go on writing.
pub struct Snapshot {
    pub(in crate::store) connection: DbConnection,
}

impl Snapshot {
    /// Opens an existing database whose schema is of this version.
    ///
    /// # Errors
    /// An [`OpenError`]. No database is created, and no migration runs.
    pub fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let mut connection = connect_existing(url, Access::Read)?;
        require_current(&mut connection)?;
        begin_snapshot(&mut connection)?;
        Ok(Self { connection })
    }
}

/// Copies a live SQLite database into a file that does not exist: one consistent state, without
/// transactions that are not committed. Writers may go on. Words of messages that were deleted or edited are not in the
/// copy: the search index keeps them until its parts are merged, and the copy's are.
///
/// # Errors
/// [`OpenError`] when there is no database of ours, or it cannot be copied.
pub fn copy_sqlite(from: &Path, to: &Path) -> Result<(), OpenError> {
    let url = DatabaseUrl::Sqlite(from.to_owned());
    // A reader's connection refuses to write, the copy too.
    let mut connection = connect_existing(&url, Access::Write)?;
    let failed = |reason: String| OpenError::Connect { database: url.to_string(), reason };
    let to = sqlite_name(to).map_err(|error| failed(error.to_string()))?;
    let name = to.clone();
    let copied = match &mut connection {
        DbConnection::Sqlite(sqlite) => diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(to).execute(sqlite),
        DbConnection::Postgres(_) => Ok(0),
    };
    copied.map_err(|error| failed(error.to_string()))?;
    let mut copy = SqliteConnection::establish(&name).map_err(|error| failed(error.to_string()))?;
    if let Err(error) = merge_index(&mut copy) {
        // A copy with a damaged index is better than none: the next start can make the index anew.
        warn!(%error, "the copy's search index could not be merged; it may have words of deleted messages");
    }
    Ok(())
}

/// Merges the parts of the index of messages, which leaves out what was deleted.
fn merge_index(connection: &mut SqliteConnection) -> QueryResult<()> {
    let tables = "SELECT name AS line FROM sqlite_master WHERE name = 'message_search'";
    let tables: Vec<Line> = diesel::sql_query(tables).load(connection)?;
    // The first versions had no search.
    if tables.is_empty() {
        return Ok(());
    }
    connection
        .batch_execute("PRAGMA secure_delete = ON; INSERT INTO message_search (message_search) VALUES ('optimize')")
}

/// Removes from a copy what its search index has of removed messages. Of what is deleted, SQLite's full-text index keeps
/// the words until it merges its parts.
///
/// # Errors
/// [`OpenError`] when the index is damaged.
pub fn forget_removed_words(copy: &Path) -> Result<(), OpenError> {
    let url = DatabaseUrl::Sqlite(copy.to_owned());
    let mut connection = connect_existing(&url, Access::Write)?;
    let merged = connection.batch_execute(
        "PRAGMA secure_delete = ON; INSERT INTO message_search (message_search) VALUES ('optimize'); \
         INSERT INTO search_word_parts (search_word_parts) VALUES ('optimize'); PRAGMA wal_checkpoint(TRUNCATE)",
    );
    merged.map_err(|error| OpenError::Connect { database: url.to_string(), reason: error.to_string() })
}

/// Checks that a file is an undamaged SQLite database of Hubbub, of any version.
///
/// # Errors
/// [`OpenError`] when it is not.
pub fn verify_sqlite(path: &Path) -> Result<(), OpenError> {
    let url = DatabaseUrl::Sqlite(path.to_owned());
    let mut connection = connect_existing(&url, Access::Write)?;
    let damage = damage(&mut connection).map_err(|error| error.to_string());
    let first = match damage {
        Ok(lines) => lines.into_iter().next(),
        Err(error) => Some(error),
    };
    match first {
        Some(reason) => Err(OpenError::Connect { database: url.to_string(), reason }),
        None => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// What SQLite's integrity check finds; nothing on Postgres, which has no such check.
pub(in crate::store) fn damage(connection: &mut DbConnection) -> Result<Vec<String>, StoreError> {
    let DbConnection::Sqlite(sqlite) = connection else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for query in [
        "SELECT integrity_check AS line FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        "SELECT 'row ' || coalesce(rowid, '?') || ' of ' || \"table\" || ' refers to a row of ' || parent || \
         ' that does not exist' AS line FROM pragma_foreign_key_check",
    ] {
        let lines: Vec<Line> = diesel::sql_query(query).load(sqlite)?;
        found.extend(lines.into_iter().map(|line| line.line));
    }
    Ok(found)
}
