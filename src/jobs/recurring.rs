//! Recurring jobs: removing old messages and what has expired. In small portions through the writer, so that posts
//! are stored in between.

use std::time::Duration;

use tokio::time::Instant;
use tracing::info;

use crate::config::JobsConfig;
use crate::domain::Timestamp;
use crate::store::{FileStorage, JobOutcome, Store, StoreError};

/// Rows removed by one change: some milliseconds of the writer's time.
const PORTION: i64 = 500;
/// After so long, well within its lease, a job stops and goes on in a next one.
const ROUND: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Removes what was written in deleted rooms and what rooms do not keep any longer, with the files of those messages.
pub(super) async fn remove_old_messages(
    store: &Store,
    files: &FileStorage,
    config: &JobsConfig,
) -> Result<JobOutcome, StoreError> {
    let end = Instant::now() + ROUND;
    for room in store.rooms_to_empty().await? {
        let mut entries = 0;
        loop {
            let removed = store.empty_room(room, PORTION).await?;
            entries += removed;
            if i64::try_from(removed).is_ok_and(|removed| removed < PORTION) {
                break;
            }
            if Instant::now() > end {
                return Ok(JobOutcome::Again(Timestamp::now()));
            }
        }
        info!(room_id = %room, entries, "what was written in a deleted room was removed");
    }
    for (room, kept_from) in store.rooms_to_trim(config.retention_days).await? {
        let mut entries = 0;
        loop {
            let removed = store.trim_room(room, kept_from, PORTION).await?;
            entries += removed;
            if i64::try_from(removed).is_ok_and(|removed| removed < PORTION) {
                break;
            }
            if Instant::now() > end {
                return Ok(JobOutcome::Again(Timestamp::now()));
            }
        }
        info!(room_id = %room, entries, "what a room does not keep any longer was removed");
    }
    files.remove_unused().await?;
    Ok(JobOutcome::Again(next_round(config)))
}

/// Removes what has expired, what nobody reads any more, and files that belong to no message.
pub(super) async fn purge_expired(
    store: &Store,
    files: &FileStorage,
    config: &JobsConfig,
) -> Result<JobOutcome, StoreError> {
    let end = Instant::now() + ROUND;
    let log_from = Timestamp::now().before(DAY.saturating_mul(config.job_log_days));
    while store.purge_expired(log_from, PORTION).await? {
        if Instant::now() > end {
            return Ok(JobOutcome::Again(Timestamp::now()));
        }
    }
    files.remove_orphans().await?;
    Ok(JobOutcome::Again(next_round(config)))
}

fn next_round(config: &JobsConfig) -> Timestamp {
    Timestamp::now().after(Duration::from_secs(config.housekeeping_secs.into()))
}
