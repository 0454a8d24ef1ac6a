//! Jobs: work that outlives the request that caused it. A job is a row, written in the transaction of its cause; a runner
//! takes it for a time, and either says what became of it or has died, and then another takes it.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use tokio::sync::watch;

use crate::domain::{DeliveryId, JobId, Timestamp};

use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::schema::jobs;
use crate::store::engine::statement::statement;
use crate::store::jobs::hosts::HostJobs;
use crate::store::webhooks::deliveries::{self, DeliveryAttempt};
use crate::store::{Store, StoreError};

/// What a job is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Tell a webhook of an event.
    Deliver(DeliveryId),
    /// Remove the messages that their rooms do not keep any longer; regularly.
    RemoveOldMessages,
    /// Remove what has expired and what nobody reads any more; regularly.
    KeepHouse,
}

const DELIVER: &str = "webhook.deliver";
const REMOVE_OLD_MESSAGES: &str = "messages.remove_old";
const KEEP_HOUSE: &str = "house.keep";

impl Task {
    /// A later version's kinds are left to it: two versions may run side by side for a while.
    pub(in crate::store) const KINDS: [&str; 3] = [DELIVER, REMOVE_OLD_MESSAGES, KEEP_HOUSE];

    const fn kind(self) -> &'static str {
        match self {
            Self::Deliver(_) => DELIVER,
            Self::RemoveOldMessages => REMOVE_OLD_MESSAGES,
            Self::KeepHouse => KEEP_HOUSE,
        }
    }

    /// As JSON.
    fn payload(self) -> String {
        match self {
            Self::Deliver(delivery) => serde_json::json!({ "delivery_id": delivery }).to_string(),
            Self::RemoveOldMessages | Self::KeepHouse => "{}".to_owned(),
        }
    }

    /// What two jobs that do the same have in common.
    fn unique_key(self) -> String {
        match self {
            Self::Deliver(delivery) => format!("{DELIVER}:{delivery}"),
            Self::RemoveOldMessages | Self::KeepHouse => self.kind().to_owned(),
        }
    }

    fn parse(kind: &str, payload: &str) -> Option<Self> {
        match kind {
            DELIVER => {
                let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
                payload["delivery_id"].as_i64().map(DeliveryId).map(Self::Deliver)
            }
            REMOVE_OLD_MESSAGES => Some(Self::RemoveOldMessages),
            KEEP_HOUSE => Some(Self::KeepHouse),
            _ => None,
        }
    }
}

/// A job that a worker has taken for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedJob {
    /// The job.
    pub id: JobId,
    /// What is to be done.
    pub task: Task,
    /// How often it was taken, this time included.
    pub attempts: i64,
    /// Who took it.
    worker: String,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// It is done, and gone.
    Done,
    /// It is done, and will be to do again then.
    Again(Timestamp),
    /// It failed, and is tried again then.
    Retry {
        /// When.
        at: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Dead {
        /// What went wrong.
        error: String,
    },
}

impl Store {
    /// Makes sure that there is such a job; when there is one, it stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn schedule(&self, task: Task, run_at: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| Ok(enqueue(connection, task, HostJobs::NO_HOST, run_at)?)).await
    }

    /// Takes jobs that are due and call `host`, at most `limit`, the longest due first. What the worker has not settled when the lease
    /// ends may be taken by another.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn lease_jobs(
        &self,
        worker: &str,
        host: &str,
        limit: i64,
        lease: Duration,
    ) -> Result<Vec<LeasedJob>, StoreError> {
        let (worker, host) = (worker.to_owned(), host.to_owned());
        self.write(move |connection| take(connection, &worker, &host, limit, lease)).await
    }

    /// Stores what became of a job, and with it the attempt of a delivery. `false` when the worker does not hold the job
    /// any more; then nothing is stored, for whoever holds it will say.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn settle_job(
        &self,
        job: LeasedJob,
        outcome: JobOutcome,
        attempt: Option<DeliveryAttempt>,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let is_held = settle(connection, &job, &outcome)?;
            if let (true, Task::Deliver(delivery)) = (is_held, job.task) {
                deliveries::record(connection, delivery, &outcome, attempt.as_ref())?;
            }
            Ok(is_held)
        })
        .await
    }

    /// Gives back what the worker has taken and not settled, as if it had not been taken.
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

    /// Changes whenever this process has committed something, a job maybe.
    #[must_use]
    pub fn watch_commits(&self) -> watch::Receiver<()> {
        self.commits.subscribe()
    }
}

/// Writes a job, unless there is such a one already.
pub(in crate::store) fn enqueue(
    connection: &mut DbConnection,
    task: Task,
    host: &str,
    run_at: Timestamp,
) -> QueryResult<()> {
    let job = InsertJob {
        kind: task.kind(),
        unique_key: task.unique_key(),
        payload: task.payload(),
        run_at: run_at.0,
        created_at: Timestamp::now().0,
        host,
    };
    job.execute(connection).map(drop)
}

statement! {
    /// A new job.
    InsertJob<'a> {
        kind: &'a str => Text,
        unique_key: String => Text,
        payload: String => Text,
        run_at: i64 => BigInt,
        created_at: i64 => BigInt,
        host: &'a str => Text,
    } -> ():
    "INSERT INTO jobs (kind, unique_key, payload, run_at, attempts, created_at, host) VALUES (",
    kind, ", ", unique_key, ", ", payload, ", ", run_at, ", 0, ", created_at, ", ", host, ") ON CONFLICT (unique_key) DO NOTHING"
}

/// Writes jobs, each with the host that it calls, by one statement and in their order.
pub(in crate::store) fn enqueue_batch<'a>(
    connection: &mut PgConnection,
    tasks: impl Iterator<Item = (Task, &'a str)>,
    run_at: Timestamp,
) -> QueryResult<()> {
    let mut jobs = InsertJobs {
        kinds: vec![],
        unique_keys: vec![],
        payloads: vec![],
        hosts: vec![],
        run_at: run_at.0,
        created_at: Timestamp::now().0,
    };
    for (task, host) in tasks {
        jobs.kinds.push(task.kind());
        jobs.unique_keys.push(task.unique_key());
        jobs.payloads.push(task.payload());
        jobs.hosts.push(host);
    }
    jobs.execute(connection).map(drop)
}

statement! {
    /// New jobs.
    InsertJobs<'a> {
        kinds: Vec<&'a str> => Array<Text>,
        unique_keys: Vec<String> => Array<Text>,
        payloads: Vec<String> => Array<Text>,
        hosts: Vec<&'a str> => Array<Text>,
        run_at: i64 => BigInt,
        created_at: i64 => BigInt,
    } -> ():
    "INSERT INTO jobs (kind, unique_key, payload, run_at, attempts, created_at, host) \
     SELECT job.kind, job.unique_key, job.payload, ", run_at, ", 0, ", created_at, ", job.host FROM unnest(",
    kinds, ", ", unique_keys, ", ", payloads, ", ", hosts,
    ") WITH ORDINALITY AS job (kind, unique_key, payload, host, position) \
     ORDER BY job.position ON CONFLICT (unique_key) DO NOTHING"
}

/// Makes a job due at once with all its attempts before it, also one that was given up; one that a worker holds is left
/// to it.
pub(in crate::store) fn hasten(connection: &mut DbConnection, task: Task, host: &str) -> QueryResult<()> {
    let now = Timestamp::now();
    enqueue(connection, task, host, now)?;
    let free = jobs::leased_by.is_null().or(jobs::run_at.le(now.0)).or(jobs::dead_at.is_not_null());
    diesel::update(jobs::table.filter(jobs::unique_key.eq(task.unique_key()).and(free)))
        .set((
            jobs::run_at.eq(now.0),
            jobs::attempts.eq(0),
            jobs::leased_by.eq(None::<String>),
            jobs::dead_at.eq(None::<i64>),
        ))
        .execute(connection)
        .map(drop)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs, check_for_backend(MultiBackend))]
struct JobRow {
    id: i64,
    kind: String,
    payload: String,
    attempts: i64,
}

fn take(
    connection: &mut DbConnection,
    worker: &str,
    host: &str,
    limit: i64,
    lease: Duration,
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
        .set((jobs::run_at.eq(now.after(lease).0), jobs::attempts.eq(jobs::attempts + 1), jobs::leased_by.eq(worker)))
        .execute(connection)?;
    let rows: Vec<JobRow> =
        jobs::table.filter(jobs::id.eq_any(&ids)).order(jobs::id).select(JobRow::as_select()).load(connection)?;
    let leased = |row: JobRow| {
        let task = Task::parse(&row.kind, &row.payload)?;
        Some(LeasedJob { id: JobId(row.id), task, attempts: row.attempts, worker: worker.to_owned() })
    };
    Ok(rows.into_iter().filter_map(leased).collect())
}

/// Whether the worker still held the job: its lease may have ended, and another have taken it.
fn settle(connection: &mut DbConnection, job: &LeasedJob, outcome: &JobOutcome) -> QueryResult<bool> {
    let held = jobs::id.eq(job.id.0).and(jobs::leased_by.eq(&job.worker)).and(jobs::attempts.eq(job.attempts));
    let held = jobs::table.filter(held);
    let free = jobs::leased_by.eq(None::<String>);
    let changed = match outcome {
        JobOutcome::Done => diesel::delete(held).execute(connection)?,
        JobOutcome::Again(at) => diesel::update(held)
            .set((free, jobs::run_at.eq(at.0), jobs::attempts.eq(0), jobs::last_error.eq(None::<String>)))
            .execute(connection)?,
        JobOutcome::Retry { at, error } => {
            diesel::update(held).set((free, jobs::run_at.eq(at.0), jobs::last_error.eq(error))).execute(connection)?
        }
        JobOutcome::Dead { error } => diesel::update(held)
            .set((free, jobs::dead_at.eq(Timestamp::now().0), jobs::last_error.eq(error)))
            .execute(connection)?,
    };
    Ok(changed > 0)
}
