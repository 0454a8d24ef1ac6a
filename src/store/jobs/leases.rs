//! Leasing jobs to workers, and settling them.
//!
//! A worker leases a job for a time. If it has not settled the job when the lease ends, because it has died, another
//! worker may lease the job.

use std::time::Duration;

use diesel::prelude::*;
use tokio::sync::watch;

use crate::domain::{JobId, Timestamp};
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::schema::jobs;
use crate::store::{Store, StoreError};

use super::hosts::HostJobs;
use super::queue::enqueue;
use super::task::{JobOutcome, Task};

/// A job that a worker has leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedJob {
    /// The job.
    pub id: JobId,
    /// What is to be done.
    pub task: Task,
    /// How often it was leased, this time included.
    pub attempts: i64,
    /// The worker that leased it.
    worker: String,
}

impl Store {
    /// Adds a job unless there is one with the same task, which stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn schedule(&self, task: Task, run_at: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| Ok(enqueue(connection, task, HostJobs::NO_HOST, run_at)?)).await
    }

    /// Leases jobs that are due and call `host`, at most `limit`, the longest due first. A job that is not settled when
    /// the lease ends may be leased by another worker.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn lease_jobs(
        &self,
        worker: &str,
        host: &str,
        limit: i64,
        duration: Duration,
    ) -> Result<Vec<LeasedJob>, StoreError> {
        let (worker, host) = (worker.to_owned(), host.to_owned());
        self.write(move |connection| lease(connection, &worker, &host, limit, duration)).await
    }

    /// Stores what became of a job; one that [failed](JobOutcome::Failed) is tried again at `retry_at`. A delivery is
    /// settled with [`Store::settle_delivery`]. `false` when the lease has ended and another worker has leased the job;
    /// then nothing is stored.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn settle_job(
        &self,
        job: LeasedJob,
        outcome: JobOutcome,
        retry_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| Ok(settle(connection, &job, &outcome, retry_at)?)).await
    }

    /// Ends all leases of a worker, as if it had not leased the jobs.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn release_jobs(&self, worker: &str) -> Result<(), StoreError> {
        let worker = worker.to_owned();
        self.write(move |connection| {
            let held = jobs::table.filter(jobs::leased_by.eq(&worker));
            diesel::update(held)
                .set((
                    jobs::leased_by.eq(None::<String>),
                    jobs::attempts.eq(jobs::attempts - 1),
                    jobs::run_at.eq(Timestamp::now().0),
                ))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Notified whenever this process has committed something, for there may be new jobs.
    #[must_use]
    pub fn watch_commits(&self) -> watch::Receiver<()> {
        self.commits.subscribe()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs, check_for_backend(MultiBackend))]
struct JobRow {
    id: i64,
    kind: String,
    payload: String,
    attempts: i64,
}

fn lease(
    connection: &mut DbConnection,
    worker: &str,
    host: &str,
    limit: i64,
    duration: Duration,
) -> Result<Vec<LeasedJob>, StoreError> {
    let now = Timestamp::now();
    let due = jobs::table
        .filter(jobs::dead_at.is_null().and(jobs::host.eq(host)).and(jobs::run_at.le(now.0)))
        .filter(jobs::kind.eq_any(Task::KINDS))
        .order((jobs::run_at, jobs::id))
        .limit(limit)
        .select(jobs::id);
    let ids: Vec<i64> = match connection {
        DbConnection::Sqlite(sqlite) => due.load(sqlite)?,
        // What another process is taking at this moment is left to it.
        DbConnection::Postgres(postgres) => due.for_update().skip_locked().load(postgres)?,
    };
    diesel::update(jobs::table.filter(jobs::id.eq_any(&ids)))
        .set((
            jobs::run_at.eq(now.after(duration).0),
            jobs::attempts.eq(jobs::attempts + 1),
            jobs::leased_by.eq(worker),
        ))
        .execute(connection)?;
    let rows: Vec<JobRow> =
        jobs::table.filter(jobs::id.eq_any(&ids)).order(jobs::id).select(JobRow::as_select()).load(connection)?;
    let leased = |row: JobRow| {
        let task = Task::parse(&row.kind, &row.payload)?;
        Some(LeasedJob { id: JobId(row.id), task, attempts: row.attempts, worker: worker.to_owned() })
    };
    Ok(rows.into_iter().filter_map(leased).collect())
}

/// Stores the outcome if the worker still holds the job; `false` when another worker has leased it since.
pub(in crate::store) fn settle(
    connection: &mut DbConnection,
    job: &LeasedJob,
    outcome: &JobOutcome,
    retry_at: Timestamp,
) -> QueryResult<bool> {
    let held = jobs::id.eq(job.id.0).and(jobs::leased_by.eq(&job.worker)).and(jobs::attempts.eq(job.attempts));
    let held = jobs::table.filter(held);
    let free = jobs::leased_by.eq(None::<String>);
    let changed = match outcome {
        JobOutcome::Done => diesel::delete(held).execute(connection)?,
        JobOutcome::Again(at) => diesel::update(held)
            .set((free, jobs::run_at.eq(at.0), jobs::attempts.eq(0), jobs::last_error.eq(None::<String>)))
            .execute(connection)?,
        JobOutcome::Failed(error) => diesel::update(held)
            .set((free, jobs::run_at.eq(retry_at.0), jobs::last_error.eq(error)))
            .execute(connection)?,
        JobOutcome::Permanent(error) => diesel::update(held)
            .set((free, jobs::dead_at.eq(Timestamp::now().0), jobs::last_error.eq(error)))
            .execute(connection)?,
    };
    Ok(changed > 0)
}
