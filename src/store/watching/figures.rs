//! What is measured when it is asked for: queues, jobs, sizes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::domain::Timestamp;
use crate::store::engine::connection::DbConnection;
use crate::store::{DatabaseUrl, Store, StoreError};

/// The store at one moment.
#[derive(Debug, Clone, Default)]
pub struct StoreFigures {
    /// Jobs that should be running.
    pub jobs_due: u64,
    /// Jobs that were given up, and are kept for people to look at.
    pub jobs_dead: u64,
    /// For how long the oldest job has been due.
    pub oldest_job: Duration,
    /// The database's size.
    pub database_bytes: u64,
    /// The size of SQLite's write-ahead log; 0 on Postgres.
    pub wal_bytes: u64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    due: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    oldest: Option<i64>,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

impl Store {
    /// Measures the store. The sizes of SQLite's files are the files' own.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn figures(&self) -> Result<StoreFigures, StoreError> {
        let now = Timestamp::now();
        let row = self.read_reserved(move |connection| Ok(measure(connection, now)?)).await?;
        let waited = row.oldest.map_or(0, |run_at| now.0.saturating_sub(run_at));
        let mut figures = StoreFigures {
            jobs_due: positive(row.due),
            jobs_dead: positive(row.dead),
            oldest_job: Duration::from_micros(positive(waited)),
            database_bytes: positive(row.bytes),
            wal_bytes: 0,
        };
        if let DatabaseUrl::Sqlite(path) = &*self.url {
            (figures.database_bytes, figures.wal_bytes) = (size(path), size(&wal(path)));
        }
        Ok(figures)
    }
}

fn measure(connection: &mut DbConnection, now: Timestamp) -> QueryResult<Row> {
    let bytes = match connection {
        DbConnection::Sqlite(_) => "0",
        DbConnection::Postgres(_) => "pg_database_size(current_database())",
    };
    // Both go through the index of the jobs that are not dead, or through the few that are.
    let query = format!(
        "SELECT (SELECT count(*) FROM jobs WHERE dead_at IS NULL AND leased_by IS NULL AND run_at <= {now}) AS due, \
         (SELECT count(*) FROM jobs WHERE dead_at IS NOT NULL) AS dead, \
         (SELECT min(run_at) FROM jobs WHERE dead_at IS NULL AND leased_by IS NULL AND run_at <= {now}) AS oldest, \
         CAST({bytes} AS BIGINT) AS bytes",
        now = now.0
    );
    diesel::sql_query(query).get_result(connection)
}

fn wal(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// A file that is not there has no bytes.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
