//! The hosts that waiting jobs call. Jobs are taken host by host, so that a host with many jobs does not delay the
//! others.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::domain::Timestamp;
use crate::store::{Store, StoreError};

use super::task::Task;

/// The jobs that wait for the same host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostJobs {
    /// The host with its port, or [`HostJobs::NO_HOST`].
    pub host: String,
    /// When the next one may be taken.
    pub next_at: Timestamp,
}

impl HostJobs {
    /// For jobs that call no host.
    pub const NO_HOST: &'static str = "";
}

impl Store {
    /// The hosts of waiting jobs (also [`HostJobs::NO_HOST`]) and when the next job of each is due; the longest due
    /// first.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn waiting_jobs(&self) -> Result<Vec<HostJobs>, StoreError> {
        self.read_reserved(|connection| {
            let rows: Vec<HostRow> = diesel::sql_query(hosts_with_jobs()).load(connection)?;
            Ok(rows.into_iter().map(|row| HostJobs { host: row.host, next_at: Timestamp(row.next_at) }).collect())
        })
        .await
    }
}

#[derive(QueryableByName)]
struct HostRow {
    #[diesel(sql_type = Text)]
    host: String,
    #[diesel(sql_type = BigInt)]
    next_at: i64,
}

/// Goes through the index from one host to the next, so it costs the same however many jobs a host has waiting.
fn hosts_with_jobs() -> String {
    let kinds = Task::KINDS.map(|kind| format!("'{kind}'")).join(", ");
    format!(
        "WITH RECURSIVE hosts (host) AS (\
         SELECT (SELECT min(host) FROM jobs WHERE dead_at IS NULL) UNION ALL \
         SELECT (SELECT min(jobs.host) FROM jobs WHERE dead_at IS NULL AND jobs.host > hosts.host) \
         FROM hosts WHERE hosts.host IS NOT NULL), \
         waiting AS (SELECT host, (SELECT run_at FROM jobs WHERE dead_at IS NULL AND jobs.host = hosts.host \
         AND kind IN ({kinds}) ORDER BY run_at LIMIT 1) AS next_at FROM hosts) \
         SELECT host, next_at FROM waiting WHERE next_at IS NOT NULL ORDER BY next_at, host"
    )
}
