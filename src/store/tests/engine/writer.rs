//! Batches, the queue and the writer's end.

use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection;

use crate::domain::{Refusal, Seq};
use crate::store::StoreError;
use crate::store::log::append::next_seq;

use crate::store::tests::database::{OPTIONS, queued};
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn a_refused_post_does_not_hurt_the_others_of_its_batch(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[]).await;
        let hold = database.hold_writer().await;
        let mut posts = Vec::new();
        for author in [ada, bob, ada, bob, ada] {
            posts.push((author, queued(database.post(author, room, "hello")).await));
        }
        drop(hold);
        for (author, post) in posts {
            let outcome = post.await;
            if author == ada {
                assert!(outcome.is_ok(), "{outcome:?}");
            } else {
                assert_eq!(outcome, Err(StoreError::Refused(Refusal::NotAMember)));
            }
        }
        assert_eq!(database.room(ada, room).await.expect("visible").room.last_seq, Seq(5));
    }

    async fn a_change_that_fails_unexpectedly_fails_alone(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let hold = database.hold_writer().await;
        let before = queued(database.post(ada, room, "hello")).await;
        let failing = database.write(move |connection| {
            next_seq(connection, room)?;
            Err::<(), _>(StoreError::Internal("on purpose".to_owned()))
        });
        let failing = queued(failing).await;
        let after = queued(database.post(ada, room, "hello")).await;
        drop(hold);
        assert_eq!(failing.await, Err(StoreError::Internal("on purpose".to_owned())));
        // What the failing change had begun is undone: no gap.
        let seqs = [before.await.expect("stored").seq, after.await.expect("stored").seq];
        assert_eq!(seqs, [Seq(3), Seq(4)]);
    }

    async fn an_error_of_the_database_fails_the_change_that_made_it(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let hold = database.hold_writer().await;
        let before = queued(database.post(ada, room, "hello")).await;
        let failing = database.write(|connection| Ok(connection.batch_execute("INSERT INTO nowhere VALUES (1)")?));
        let failing = queued(failing).await;
        let after = queued(database.post(ada, room, "hello")).await;
        drop(hold);
        assert!(matches!(failing.await, Err(StoreError::Internal(_))));
        assert!(before.await.is_ok() && after.await.is_ok());
    }

    async fn a_full_queue_refuses_a_write_at_once_and_recovers(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        let hold = database.hold_writer().await;
        let mut posts = Vec::new();
        for author in [ada, bob] {
            for _ in 0..OPTIONS.write_queue / 2 {
                posts.push(queued(database.post(author, room, "hello")).await);
            }
            assert_eq!(database.post(author, room, "one too many").await, Err(StoreError::Busy));
        }
        assert!(database.room(ada, room).await.is_ok(), "reading goes on");
        drop(hold);
        for post in posts {
            assert!(post.await.is_ok());
        }
        assert!(database.post(ada, room, "room again").await.is_ok());
    }

    async fn somebodys_one_post_is_in_the_next_batch_whoever_filled_it(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        let hold = database.hold_writer().await;
        let mut floods = Vec::new();
        for _ in 0..OPTIONS.write_batch {
            floods.push(queued(database.post(ada, room, "flood")).await);
        }
        let one = queued(database.post(bob, room, "hello")).await;
        drop(hold);
        let seq = one.await.expect("stored").seq;
        let mut last = None;
        for flood in floods {
            last = Some(flood.await.expect("stored").seq);
        }
        assert!(Some(seq) < last, "{seq:?} came after all of them, {last:?}");
    }

    async fn a_post_whose_caller_has_gone_is_stored_all_the_same(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let hold = database.hold_writer().await;
        drop(queued(database.post(ada, room, "hello")).await);
        drop(hold);
        database.ready().await.expect("what was queued is written");
        assert_eq!(database.room(ada, room).await.expect("visible").room.message_count, 1);
    }

    async fn closing_finishes_what_is_queued_and_refuses_the_rest(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let hold = database.hold_writer().await;
        let mut posts = Vec::new();
        for _ in 0..20 {
            posts.push(queued(database.post(ada, room, "hello")).await);
        }
        let closing = [queued(database.close()).await, queued(database.close()).await];
        drop(hold);
        for post in posts {
            assert!(post.await.is_ok());
        }
        for close in closing {
            close.await;
        }
        database.close().await;
        let refused = [database.post(ada, room, "late").await.map(drop), database.room(ada, room).await.map(drop)];
        assert!(refused.iter().all(|outcome| matches!(outcome, Err(StoreError::Unavailable(_)))), "{refused:?}");
        assert_eq!(database.open_again().room(ada, room).await.expect("visible").room.message_count, 20);
    }
}

/// Runs itself again as a child process, for the test's process would end.
#[test]
fn a_panic_of_the_writer_ends_the_process() {
    const CHILD: &str = "HUBBUB_TEST_WRITER_PANICS";
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let database = TestDatabase::sqlite();
            let outcome = database.write::<(), _>(|_| panic!("on purpose")).await;
            tokio::time::sleep(Duration::from_secs(30)).await;
            panic!("the process outlived its writer: {outcome:?}");
        });
    }
    let name = "store::tests::engine::writer::a_panic_of_the_writer_ends_the_process";
    let child = Command::new(std::env::current_exe().expect("the test's program"))
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("the test's program runs");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(!child.status.success() && said.contains("on purpose") && !said.contains("outlived"), "{said}");
}
