//! Databases that are locked, full, damaged or gone, and come back.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::store::log::append::next_seq;
use crate::store::{DatabaseUrl, Posted, StoreError};

use crate::store::tests::database::{draft, hold_writer_of, queued};
use crate::store::tests::{TestDatabase, on_both_databases};

fn is_unavailable<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Unavailable(_)))
}

on_both_databases! {
    async fn a_read_that_panics_fails_alone(database: &TestDatabase) {
        for _ in 0..4 {
            let outcome = database.read::<(), _>(|_| panic!("on purpose")).await;
            assert!(matches!(outcome, Err(StoreError::Internal(_))), "{outcome:?}");
        }
        assert_eq!(database.is_first_run().await, Ok(true));
    }

    async fn a_reader_cannot_write(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let written = database.read(move |connection| Ok(next_seq(connection, room)?)).await;
        assert!(written.is_err(), "{written:?}");
        assert_eq!(database.room(ada, room).await.expect("visible").room.last_seq.0, 2);
    }
}

#[tokio::test]
async fn a_locked_file_is_an_outage_that_ends_with_the_lock() {
    let database = TestDatabase::sqlite();
    let ada = database.sign_up("ada").await;
    let room = database.open_room(ada, &[]).await;
    // The store waits five seconds; the test need not.
    database.write(|connection| Ok(connection.batch_execute("PRAGMA busy_timeout = 10")?)).await.expect("set");
    let DatabaseUrl::Sqlite(path) = &database.url else { unreachable!("made on SQLite") };
    let mut other = SqliteConnection::establish(&path.display().to_string()).expect("it opens");
    other.batch_execute("BEGIN IMMEDIATE").expect("it takes the lock");
    let refused = database.post_message(ada, room, draft("hello", None)).await;
    assert!(is_unavailable(&refused), "{refused:?}");
    assert!(database.room(ada, room).await.is_ok(), "reading goes on");
    other.batch_execute("ROLLBACK").expect("it gives the lock back");
    assert!(database.post_message(ada, room, draft("hello", None)).await.is_ok());
    assert_eq!(database.ready().await, Ok(()));
}

#[tokio::test]
async fn a_full_disk_is_an_outage_that_loses_nothing() {
    let database = TestDatabase::sqlite();
    let ada = database.sign_up("ada").await;
    let room = database.open_room(ada, &[]).await;
    // The smallest limit that SQLite takes is the present size.
    database.write(|connection| Ok(connection.batch_execute("PRAGMA max_page_count = 1")?)).await.expect("set");
    let text = "long ".repeat(1_000);
    let mut stored = 0;
    let refused = loop {
        match database.post_message(ada, room, draft(&text, None)).await {
            Ok(_) => stored += 1,
            Err(error) => break Err::<(), _>(error),
        }
    };
    assert!(is_unavailable(&refused), "{refused:?}");
    database.run_sql("PRAGMA max_page_count = 100000").await;
    assert!(matches!(database.post_message(ada, room, draft(&text, None)).await, Ok(Posted::New { .. })));
    let room = database.room(ada, room).await.expect("visible").room;
    assert_eq!((room.message_count, room.last_seq.0), (stored + 1, stored + 3));
}

#[tokio::test]
async fn a_commit_that_fails_is_an_error_for_everyone_in_the_batch() {
    let database = TestDatabase::sqlite();
    let ada = database.sign_up("ada").await;
    let room = database.open_room(ada, &[]).await;
    let hold = database.hold_writer().await;
    let post = queued(database.post(ada, room, "hello")).await;
    let spoiling = database.write(|connection| {
        let orphan = "PRAGMA defer_foreign_keys = ON; INSERT INTO memberships VALUES (99, 99, 0, 0, 0, 0)";
        Ok(connection.batch_execute(orphan)?)
    });
    let spoiling = queued(spoiling).await;
    drop(hold);
    assert!(matches!(spoiling.await, Err(StoreError::Internal(_))));
    assert!(matches!(post.await, Err(StoreError::Internal(_))));
    assert_eq!(database.room(ada, room).await.expect("visible").room.message_count, 0);
    assert!(database.post_message(ada, room, draft("hello", None)).await.is_ok());
}

#[tokio::test]
async fn a_server_that_drops_its_connections_is_connected_to_anew() {
    let Some(database) = TestDatabase::postgres() else { return };
    let ada = database.sign_up("ada").await;
    let room = database.open_room(ada, &[]).await;
    let mut operator = database.postgres_connection().expect("on Postgres");
    let drop_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()";
    operator.batch_execute(drop_others).expect("the others are dropped");
    // Nothing had been sent over the writer's connection, so the post need not fail.
    let posted = database.post_message(ada, room, draft("hello", None)).await;
    assert!(matches!(posted, Ok(Posted::New { .. })), "{posted:?}");
    // Each reader's connection fails at most once.
    let mut failures = 0;
    while database.room(ada, room).await.is_err() {
        failures += 1;
        assert!(failures <= 2, "the readers do not recover");
    }
}

#[tokio::test]
async fn a_connection_lost_within_a_batch_is_an_outage_for_it_and_for_nothing_else() {
    let Some(database) = TestDatabase::postgres() else { return };
    let ada = database.sign_up("ada").await;
    let room = database.open_room(ada, &[]).await;
    let lost = database.write(move |connection| {
        next_seq(connection, room)?;
        Ok(connection.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?)
    });
    let lost = lost.await;
    assert!(is_unavailable(&lost), "{lost:?}");
    let posted = database.post(ada, room, "hello").await.expect("stored");
    assert_eq!(posted.seq.0, 3, "what was lost left no gap");
}

#[tokio::test]
async fn batches_of_two_processes_that_meet_in_opposite_order_are_both_stored() {
    let Some(database) = TestDatabase::postgres() else { return };
    let ada = database.sign_up("ada").await;
    let (first, second) = (database.open_room(ada, &[]).await, database.open_room(ada, &[]).await);
    let other = database.open_again();
    let holds = [database.hold_writer().await, hold_writer_of(&other).await];
    let mut posts = Vec::new();
    for number in 0..100 {
        let (one, two) = if number < 50 { (first, second) } else { (second, first) };
        posts.push(queued(database.post_message(ada, one, draft("hello", None))).await);
        posts.push(queued(other.post_message(ada, two, draft("hello", None))).await);
    }
    drop(holds);
    for post in posts {
        assert!(matches!(post.await, Ok(Posted::New { .. })));
    }
    for room in [first, second] {
        let room = database.room(ada, room).await.expect("visible").room;
        assert_eq!((room.message_count, room.last_seq.0), (100, 102));
    }
}

#[tokio::test]
async fn the_log_of_sqlite_shrinks_after_a_stalled_reader_has_gone() {
    let database = TestDatabase::sqlite();
    let DatabaseUrl::Sqlite(path) = &database.url else { unreachable!("made on SQLite") };
    let log = || std::fs::metadata(format!("{}-wal", path.display())).map_or(0, |log| log.len());
    let mut reader = SqliteConnection::establish(&path.display().to_string()).expect("it opens");
    reader.batch_execute("BEGIN; SELECT count(*) FROM users").expect("it reads");
    database.run_sql("CREATE TABLE filler (content BLOB)").await;
    for _ in 0..20 {
        database.run_sql("INSERT INTO filler VALUES (randomblob(2000000))").await;
    }
    assert!(log() > 32_000_000, "the reader keeps the log, which has {} bytes", log());
    reader.batch_execute("ROLLBACK").expect("it ends");
    // The first commit copies the log into the database, the next ones begin it anew.
    for _ in 0..3 {
        database.run_sql("INSERT INTO filler VALUES (randomblob(100))").await;
    }
    assert!(log() <= 8_388_608, "{} bytes", log());
}
