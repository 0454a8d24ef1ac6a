//! How far each has read.

use crate::domain::{Refusal, RoomId, UserId};
use crate::store::StoreError;

use crate::store::tests::{TestDatabase, on_both_databases};

async fn unread(database: &TestDatabase, user: UserId, room: RoomId) -> i64 {
    let view = database.room(user, room).await.expect("visible");
    view.room.message_count - view.membership.expect("a member").read_number
}

on_both_databases! {
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
        assert_eq!(unread(database, bob, room).await, 3, "the two before it would be lost to bob");
    }

    async fn a_mark_moves_forward_only_and_not_beyond_the_last_message(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        database.post_many(ada, room, 5).await;
        for (number, moved) in [(3, Some(3)), (2, None), (3, None), (-1, None), (99, Some(5)), (i64::MAX, None)] {
            assert_eq!(database.mark_read(bob, room, number).await, Ok(moved), "{number}");
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
