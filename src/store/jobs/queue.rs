//! Adding jobs to the queue, in the transaction of what causes them.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::Timestamp;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::jobs;
use crate::store::engine::statement::statement;

use super::task::Task;

/// Adds a job unless there is one with the same task.
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

/// Adds jobs, each with the host that it calls, with one statement and in their order.
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

/// Makes a job due at once and resets its attempts, also of one that failed for good; adds it when it is missing. A job
/// that a worker holds is not changed.
pub(in crate::store) fn run_now(connection: &mut DbConnection, task: Task, host: &str) -> QueryResult<()> {
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
