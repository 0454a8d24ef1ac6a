//! What rooms do not keep any longer, and what stays right without it.

use std::time::Duration;

use crate::domain::{Refusal, RetentionDays, RoomId, Seq, Timestamp, UserId};
use crate::store::{CatchUp, HistoryFrom, HistoryPage, RoomChange, Snapshot, StoreError, Task};

use crate::store::tests::database::{RULES, SESSIONS, body, token};
use crate::store::tests::jobs::next_job_at;
use crate::store::tests::{TestDatabase, on_both_databases};

/// Makes everything in the log up to that place forty days older.
const AGE_FIVE: &str = "UPDATE events SET created_at = created_at - 3456000000000 WHERE seq <= 5";

async fn texts(database: &TestDatabase, viewer: UserId, room: RoomId) -> Vec<String> {
    let page = HistoryPage { from: HistoryFrom::Latest, limit: 100 };
    let history = database.history(viewer, room, page).await.expect("a member reads");
    history.items.into_iter().map(|message| message.body).collect()
}

async fn trim(database: &TestDatabase, default_days: Option<u32>) -> usize {
    let mut entries = 0;
    for (room, kept_from) in database.rooms_to_trim(default_days).await.expect("readable") {
        entries += database.trim_room(room, kept_from, 100).await.expect("trimmed");
    }
    entries
}

fn retention(days: Option<i64>) -> RoomChange {
    let days = days.map(|days| RetentionDays::parse(days).expect("valid"));
    RoomChange { retention_days: Some(days), ..RoomChange::default() }
}

on_both_databases! {
    async fn what_a_room_does_not_keep_is_gone_and_the_rest_agrees(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (room, other) = (database.open_room(ada, &[bob]).await, database.open_room(ada, &[]).await);
        // seq 1 to 3 are the room and its members; 4 and 5 are old, 6 to 8 are not.
        let ids = database.post_many(ada, room, 5).await;
        database.run_sql(AGE_FIVE).await;
        database.change_room(ada, room, retention(Some(30)), RULES).await.expect("changed");
        assert_eq!(trim(database, None).await, 5, "the other room keeps everything");
        assert_eq!(texts(database, ada, room).await, ["message 3", "message 4", "message 5"]);
        assert_eq!(database.message(ada, room, ids[0]).await, Err(StoreError::Refused(Refusal::MessageNotFound)));
        let view = database.room(bob, room).await.expect("visible");
        let unread = view.membership.as_ref().map(|own| own.unread(&view.room));
        assert_eq!((view.room.message_count, unread), (5, Some(3)), "what is gone is not unread");
        // A cursor below the floor starts anew, one at the floor goes on.
        let resync = CatchUp { events: Vec::new(), head: Seq(9), more: false, resync: true };
        assert_eq!(database.events_after(ada, room, Seq(4), 100, 1_000).await, Ok(resync));
        let kept = database.events_after(ada, room, Seq(5), 100, 1_000).await.expect("a member reads");
        assert_eq!(kept.events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [6, 7, 8, 9]);
        database.post(ada, room, "message 6").await.expect("stored");
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
        assert_eq!(trim(database, Some(30)).await, 2, "by the instance's setting the other room's beginning is too old");
        assert_eq!(trim(database, Some(30)).await, 0);
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
        assert_eq!(database.room(ada, other).await.expect("visible").room.last_seq, Seq(2));
    }

    async fn a_message_goes_with_the_last_that_is_said_of_it(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let ids = database.post_many(ada, room, 3).await;
        database.edit_message(ada, room, ids[0], body("edited")).await.expect("edited");
        database.run_sql(AGE_FIVE).await;
        assert_eq!(trim(database, Some(30)).await, 5);
        assert_eq!(texts(database, ada, room).await, ["edited"]);
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
        database.run_sql("UPDATE events SET created_at = 0").await;
        assert_eq!(trim(database, Some(30)).await, 1);
        assert_eq!(texts(database, ada, room).await, [""; 0]);
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
    }

    async fn a_log_is_removed_in_portions(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        database.post_many(ada, room, 6).await;
        let mut portions = Vec::new();
        while portions.last() != Some(&0) {
            portions.push(database.trim_room(room, Timestamp(i64::MAX), 3).await.expect("trimmed"));
        }
        assert_eq!(portions, [3, 3, 2, 0]);
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
        // A quiet room's clients are at the head and notice nothing.
        let at_the_head = database.events_after(ada, room, Seq(8), 100, 1_000).await.expect("a member reads");
        assert!(!at_the_head.resync);
    }

    async fn another_retention_is_carried_out_at_once(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let later = Timestamp::now().after(Duration::from_secs(3_600));
        database.schedule(Task::RemoveOldMessages, later).await.expect("scheduled");
        let (changed, event) = database.change_room(ada, room, retention(Some(7)), RULES).await.expect("changed");
        assert_eq!(changed.room.retention_days, RetentionDays::parse(7).ok());
        assert!(event.is_some() && next_job_at(database).await.is_some_and(|at| at < later));
        assert_eq!(database.change_room(ada, room, retention(Some(7)), RULES).await.expect("the same").1, None);
        let (changed, _) = database.change_room(ada, room, retention(None), RULES).await.expect("changed");
        assert_eq!(changed.room.retention_days, None);
    }

    async fn what_has_expired_is_removed_and_nothing_else(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let soon = Timestamp::now().after(Duration::from_secs(3_600));
        for (number, expires_at) in [(1, Timestamp(1)), (2, soon)] {
            database.create_invite(ada, token(number), Some(expires_at)).await.expect("made");
        }
        database.create_session(ada, token(3), SESSIONS).await.expect("begun");
        assert_eq!(database.purge_expired(Timestamp::now(), Timestamp(0), 1).await, Ok(true), "there may be more");
        assert_eq!(database.purge_expired(Timestamp::now(), Timestamp(0), 1).await, Ok(false));
        let left = database.rotate_session(token(3), token(4), SESSIONS).await;
        assert!(left.is_ok(), "{left:?}");
    }
}
