//! How far each has read.

use diesel::connection::SimpleConnection;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::domain::{Message, ReadMark, Refusal, RoomId, Timestamp, UserId};
use crate::store::{HistoryFrom, HistoryPage, Snapshot, StoreError};

use crate::store::tests::database::body;
use crate::store::tests::script::{Stage, post, post_together};
use crate::store::tests::{TestDatabase, on_both_databases};

async fn unread(database: &TestDatabase, user: UserId, room: RoomId) -> i64 {
    let view = database.room(user, room).await.expect("visible");
    view.membership.expect("a member").unread(&view.room)
}

async fn messages(database: &TestDatabase, user: UserId, room: RoomId) -> Vec<Message> {
    let page = HistoryPage { from: HistoryFrom::Latest, limit: 10_000 };
    database.history(user, room, page).await.expect("readable").items
}

/// The slow way to count: message by message.
async fn counted(database: &TestDatabase, user: UserId, room: RoomId) -> i64 {
    let own = database.room(user, room).await.expect("visible").membership.expect("a member");
    let messages = messages(database, user, room).await;
    let is_unread = |message: &&Message| {
        message.number > own.read_number && message.author.id != user && message.deleted_at.is_none()
    };
    i64::try_from(messages.iter().filter(is_unread).count()).expect("few")
}

fn read(mark: Option<ReadMark>) -> Option<(i64, i64)> {
    mark.map(|mark| (mark.number, mark.unread))
}

on_both_databases! {
    async fn deleted_messages_ones_own_and_removed_ones_are_not_unread(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        let ids = database.post_many(ada, room, 6).await;
        database.post(bob, room, "without looking").await.expect("stored");
        assert_eq!(unread(database, bob, room).await, 6, "his own is not unread");
        database.delete_message(ada, room, ids[5]).await.expect("deleted");
        assert_eq!(unread(database, bob, room).await, 5);
        database.delete_message(ada, room, ids[5]).await.expect("deleted before");
        assert_eq!(unread(database, bob, room).await, 5, "it is deleted once");
        assert_eq!(database.mark_read(bob, room, 3).await.map(read), Ok(Some((3, 2))));
        database.delete_message(ada, room, ids[0]).await.expect("deleted");
        assert_eq!(unread(database, bob, room).await, 2, "he had read that one");
        // seq 1 to 3 are the room and its members; 4 to 7 are the first four messages.
        database.run_sql("UPDATE events SET created_at = 0 WHERE seq <= 7").await;
        assert_eq!(database.trim_room(room, Timestamp(1), 100).await, Ok(7));
        assert_eq!(unread(database, bob, room).await, 1);
        assert_eq!(database.mark_read(bob, room, 7).await.map(read), Ok(Some((7, 0))));
        database.post(ada, room, "one more").await.expect("stored");
        assert_eq!((unread(database, ada, room).await, unread(database, bob, room).await), (1, 1));
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
    }

    async fn whatever_happens_the_count_is_that_of_the_messages(database: &TestDatabase) {
        let stage = Stage::set(database).await;
        let mut random = SmallRng::seed_from_u64(15);
        for step in 0..150 {
            let (person, place) = (random.random_range(0..2), random.random_range(0..2));
            let (user, room) = (stage.people[person], stage.rooms[place]);
            let all = messages(database, user, room).await;
            match (random.random_range(0..10), all.choose(&mut random)) {
                (0 | 1, Some(message)) => drop(database.delete_message(message.author.id, room, message.id).await),
                (2, Some(message)) => {
                    drop(database.edit_message(message.author.id, room, message.id, body("edited")).await);
                }
                (3 | 4, Some(message)) => drop(database.mark_read(user, room, message.number).await),
                (5, Some(_)) => {
                    let (room, seq) = (room.0, random.random_range(0..all.len() * 2));
                    let age = format!("UPDATE events SET created_at = 0 WHERE room_id = {room} AND seq <= {seq}");
                    database.write(move |connection| Ok(connection.batch_execute(&age)?)).await.expect("the SQL runs");
                    let limit = random.random_range(1..20);
                    database.trim_room(RoomId(room), Timestamp(1), limit).await.expect("trimmed");
                }
                (6, Some(_)) => {
                    let bob = stage.people[1];
                    database.remove_member(bob, room, bob, false).await.expect("left");
                    database.add_member(stage.people[0], room, bob).await.expect("back");
                }
                _ => {
                    let mut script = Vec::new();
                    for _ in 0..random.random_range(1..8) {
                        script.push(post(random.random_range(0..2), random.random_range(0..2), "hello", None));
                    }
                    post_together(database, &stage, &script).await;
                }
            }
            for user in &stage.people[..2] {
                for room in &stage.rooms[..2] {
                    let (told, counted) = (unread(database, *user, *room).await, counted(database, *user, *room).await);
                    assert_eq!(told, counted, "step {step}: {user:?} in {room:?}");
                }
            }
        }
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
    }

    async fn a_post_is_unread_for_others_and_read_for_its_author(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        database.post_many(ada, room, 3).await;
        assert_eq!((unread(database, ada, room).await, unread(database, bob, room).await), (0, 3));
    }

    async fn an_author_who_has_not_read_everything_keeps_their_place(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        database.post_many(ada, room, 2).await;
        database.post(bob, room, "without looking").await.expect("stored");
        assert_eq!(unread(database, bob, room).await, 2, "the two before it would be lost to bob");
    }

    async fn a_mark_moves_forward_only_and_not_beyond_the_last_message(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        database.post_many(ada, room, 5).await;
        for (number, moved) in [(3, Some(3)), (2, None), (3, None), (-1, None), (99, Some(5)), (i64::MAX, None)] {
            let mark = moved.map(|number| (number, 5 - number));
            assert_eq!(database.mark_read(bob, room, number).await.map(read), Ok(mark), "{number}");
        }
        assert_eq!(unread(database, bob, room).await, 0);
    }

    async fn strangers_mark_nothing(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (open, closed) = (database.open_room(ada, &[]).await, database.closed_room(ada, &[]).await);
        assert_eq!(database.mark_read(bob, open, 1).await, Err(StoreError::Refused(Refusal::NotAMember)));
        assert_eq!(database.mark_read(bob, closed, 1).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
    }
}
