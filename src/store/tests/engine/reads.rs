//! Reads that take too long, that nobody waits for any more, and that are under way when the store closes.

use std::pin::Pin;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tokio::time::timeout;

use crate::store::engine::connection::DbConnection;
use crate::store::tests::database::{OPTIONS, queued};
use crate::store::tests::{TestDatabase, on_both_databases};
use crate::store::{Store, StoreError, StoreOptions};

/// Far more than a short read takes, far less than an endless one.
const SOON: Duration = Duration::from_secs(8);

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A query that no database comes to the end of.
async fn read_endlessly(store: &Store) -> Result<i64, StoreError> {
    let endless = |connection: &mut DbConnection| {
        let sql = match connection {
            DbConnection::Sqlite(_) => {
                "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers) \
                 SELECT count(*) AS count FROM numbers"
            }
            DbConnection::Postgres(_) => "SELECT 1::bigint AS count FROM pg_sleep(3600)",
        };
        Ok(diesel::sql_query(sql).get_result::<Counted>(connection)?.count)
    };
    store.read_snapshot(endless).await
}

/// Reads that have been asked for: on one connection, one of them runs and the others wait.
async fn five_endless_reads(store: &Store) -> Vec<Pin<Box<impl Future<Output = Result<i64, StoreError>>>>> {
    let mut reads = Vec::new();
    for _ in 0..5 {
        reads.push(queued(read_endlessly(store)).await);
    }
    reads
}

async fn read_shortly(store: &Store) -> Result<i64, StoreError> {
    let short = |connection: &mut DbConnection| {
        Ok(diesel::sql_query("SELECT CAST(1 AS BIGINT) AS count").get_result::<Counted>(connection)?.count)
    };
    store.read_snapshot(short).await
}

fn with_deadline(read_timeout: Duration) -> StoreOptions {
    StoreOptions { read_connections: 1, read_timeout, ..OPTIONS }
}

on_both_databases! {
    async fn a_read_beyond_the_deadline_is_ended_and_frees_its_place(database: &TestDatabase) {
        let deadline = Duration::from_secs(1);
        let store = database.open_again_with(&with_deadline(deadline));
        for _ in 0..3 {
            assert_eq!(read_endlessly(&store).await, Err(StoreError::Timeout(deadline)));
            assert_eq!(timeout(SOON, read_shortly(&store)).await, Ok(Ok(1)));
        }
    }

    async fn a_read_whose_caller_has_gone_is_ended_and_frees_its_place(database: &TestDatabase) {
        let store = database.open_again_with(&with_deadline(Duration::from_secs(3_600)));
        for _ in 0..3 {
            // Some are running and some are waiting when their callers go.
            let reads = five_endless_reads(&store).await;
            let started = timeout(Duration::from_millis(50), read_shortly(&store)).await;
            assert!(started.is_err(), "the only place was to be taken");
            drop(reads);
            assert_eq!(timeout(SOON, read_shortly(&store)).await, Ok(Ok(1)));
        }
    }

    async fn what_people_read_takes_no_connection_from_sign_in_and_readiness(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let store = database.open_again_with(&with_deadline(Duration::from_secs(3_600)));
        let _reads = five_endless_reads(&store).await;
        assert_eq!(timeout(SOON, store.ready()).await, Ok(Ok(())));
        let user = timeout(SOON, store.user(ada)).await.expect("in time").expect("readable");
        assert_eq!(user.map(|user| user.id), Some(ada));
    }

    async fn closing_ends_reads_and_tells_their_callers(database: &TestDatabase) {
        let store = database.open_again_with(&with_deadline(Duration::from_secs(3_600)));
        let reads = five_endless_reads(&store).await;
        assert!(timeout(Duration::from_millis(50), read_shortly(&store)).await.is_err(), "the place was to be taken");
        timeout(SOON, store.close()).await.expect("closed in time");
        for read in reads {
            let outcome = read.await;
            assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        }
    }
}
