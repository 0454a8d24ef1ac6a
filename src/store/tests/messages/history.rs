//! Pages of a room's messages.

use crate::domain::{MessageId, Refusal, RoomId, Seq, UserId};
use crate::store::{History, HistoryFrom, HistoryPage, StoreError};

use crate::store::tests::{TestDatabase, on_both_databases};

async fn page(database: &TestDatabase, viewer: UserId, room: RoomId, from: HistoryFrom, limit: i64) -> History {
    database.history(viewer, room, HistoryPage { from, limit }).await.expect("a member reads")
}

/// The numbers of the page's messages, and whether there are older and newer ones.
fn outline(history: &History) -> (Vec<i64>, bool, bool) {
    let numbers = history.items.iter().map(|message| message.number).collect();
    (numbers, history.has_older, history.has_newer)
}

on_both_databases! {
    async fn pages_are_oldest_first_and_say_what_lies_beyond(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let (room, other) = (database.open_room(ada, &[]).await, database.open_room(ada, &[]).await);
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.extend(database.post_many(ada, room, 1).await);
            database.post_many(ada, other, 1).await;
        }
        let id = |number: usize| ids[number - 1];
        for (from, limit, expected) in [
            (HistoryFrom::Latest, 3, (vec![8, 9, 10], true, false)),
            (HistoryFrom::Latest, 10, ((1..=10).collect(), false, false)),
            (HistoryFrom::Latest, 200, ((1..=10).collect(), false, false)),
            (HistoryFrom::Before(id(8)), 3, (vec![5, 6, 7], true, true)),
            (HistoryFrom::Before(id(3)), 3, (vec![1, 2], false, true)),
            (HistoryFrom::Before(id(1)), 3, (vec![], false, true)),
            (HistoryFrom::After(id(3)), 3, (vec![4, 5, 6], true, true)),
            (HistoryFrom::After(id(7)), 3, (vec![8, 9, 10], true, false)),
            (HistoryFrom::After(id(10)), 3, (vec![], true, false)),
            (HistoryFrom::After(MessageId(0)), 2, (vec![1, 2], false, true)),
            (HistoryFrom::Around(id(5)), 4, (vec![3, 4, 5, 6], true, true)),
            (HistoryFrom::Around(id(5)), 5, (vec![3, 4, 5, 6, 7], true, true)),
            (HistoryFrom::Around(id(5)), 1, (vec![5], true, true)),
            (HistoryFrom::Around(id(1)), 4, (vec![1, 2], false, true)),
            (HistoryFrom::Around(id(10)), 4, (vec![8, 9, 10], true, false)),
            (HistoryFrom::AroundNumber(5), 4, (vec![3, 4, 5, 6], true, true)),
            (HistoryFrom::AroundNumber(1), 2, (vec![1], false, true)),
            (HistoryFrom::AroundNumber(-7), 2, (vec![1], false, true)),
            (HistoryFrom::AroundNumber(10), 4, (vec![8, 9, 10], true, false)),
            (HistoryFrom::AroundNumber(11), 3, (vec![8, 9, 10], true, false)),
            (HistoryFrom::AroundNumber(i64::MAX), 3, (vec![8, 9, 10], true, false)),
        ] {
            let history = page(database, ada, room, from, limit).await;
            assert_eq!(outline(&history), expected, "{from:?} {limit}");
            assert_eq!(history.seq, Seq(12));
        }
    }

    async fn an_empty_room_has_an_empty_page(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        for from in [HistoryFrom::Latest, HistoryFrom::Before(MessageId(5)), HistoryFrom::After(MessageId(5)), HistoryFrom::AroundNumber(1)] {
            assert_eq!(outline(&page(database, ada, room, from, 50).await), (vec![], false, false), "{from:?}");
        }
    }

    async fn there_is_no_page_around_a_message_of_another_room(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let (room, other) = (database.open_room(ada, &[]).await, database.open_room(ada, &[]).await);
        database.post_many(ada, room, 3).await;
        let elsewhere = database.post_many(ada, other, 1).await[0];
        database.post_many(ada, room, 3).await;
        let around = HistoryPage { from: HistoryFrom::Around(elsewhere), limit: 50 };
        assert_eq!(database.history(ada, room, around).await, Err(StoreError::Refused(Refusal::MessageNotFound)));
    }

    async fn deleted_messages_keep_their_place_on_the_page(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let ids = database.post_many(ada, room, 3).await;
        database.delete_message(ada, room, ids[1]).await.expect("deleted");
        let history = page(database, ada, room, HistoryFrom::Latest, 50).await;
        let bodies: Vec<_> = history.items.iter().map(|message| message.body.as_str()).collect();
        assert_eq!(bodies, ["message 1", "", "message 3"]);
        assert_eq!(history.seq, Seq(6), "the page corresponds to a log that has the deletion");
    }

    async fn strangers_read_no_history(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (open, closed) = (database.open_room(ada, &[]).await, database.closed_room(ada, &[]).await);
        let latest = HistoryPage { from: HistoryFrom::Latest, limit: 50 };
        assert_eq!(database.history(bob, open, latest).await, Err(StoreError::Refused(Refusal::NotAMember)));
        assert_eq!(database.history(bob, closed, latest).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
    }
}
