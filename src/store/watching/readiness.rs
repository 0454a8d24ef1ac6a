//! Whether the database can be read, and a row be written into it.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use tokio::time::timeout;

use crate::domain::Timestamp;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::health_checks;
use crate::store::{Store, StoreError};

/// How long the database may take. Whoever asks, a load balancer, asks again every few seconds.
const TIMEOUT: Duration = Duration::from_millis(1_500);
/// For how long an answer counts: everybody may ask, and nobody shall make the disk work by it.
const FRESH: Duration = Duration::from_secs(1);
/// Rows of processes that were not asked for so long are removed.
const KEPT: Duration = Duration::from_secs(24 * 3_600);

impl Store {
    /// Reads, and writes a row; an answer of the last second counts again. Takes two seconds at most.
    ///
    /// # Errors
    /// [`StoreError::Busy`], and for everything else [`StoreError::Unavailable`] with the reason.
    pub async fn ready(&self) -> Result<(), StoreError> {
        // The time includes that of another caller who is asking the database at this moment.
        let Ok(mut last) = timeout(TIMEOUT, self.readiness.last.lock()).await else { return Err(too_slow()) };
        if let Some((at, answer)) = &*last
            && at.elapsed() < FRESH
            && !self.is_closed()
        {
            return answer.clone();
        }
        let answer = timeout(TIMEOUT, self.read_and_write()).await.unwrap_or_else(|_| Err(too_slow()));
        let answer = answer.map_err(|error| match error {
            StoreError::Busy => StoreError::Busy,
            error => StoreError::Unavailable(error.to_string()),
        });
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    async fn read_and_write(&self) -> Result<(), StoreError> {
        self.is_first_run().await?;
        let process = self.readiness.process.clone();
        self.write(move |connection| Ok(write_row(connection, &process)?)).await
    }
}

fn write_row(connection: &mut DbConnection, process: &str) -> QueryResult<()> {
    use health_checks as checks;

    let now = Timestamp::now();
    let written = diesel::update(checks::table.find(process)).set(checks::checked_at.eq(now.0)).execute(connection)?;
    if written == 0 {
        let old = now.before(KEPT);
        diesel::delete(checks::table.filter(checks::checked_at.lt(old.0))).execute(connection)?;
        diesel::insert_into(checks::table)
            .values((checks::process.eq(process), checks::checked_at.eq(now.0)))
            .execute(connection)?;
    }
    Ok(())
}

fn too_slow() -> StoreError {
    StoreError::Unavailable(format!("it did not answer within {} ms", TIMEOUT.as_millis()))
}
