//! Inviting, leaving, removing and coming back.

use crate::domain::{EventKind, Refusal, RoomId, Subject, UserId};
use crate::store::{RoomFilter, StoreError};

use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn any_member_invites_and_an_invited_person_enters(database: &TestDatabase) {
        let (ada, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let room = database.closed_room(ada, &[bob]).await;
        let (members, event) = database.add_member(bob, room, eve).await.expect("a member invites");
        let event = event.expect("eve was no member");
        assert_eq!(event.actor.id, bob);
        assert!(matches!((event.kind, &event.subject), (EventKind::MemberJoined, Subject::Member(member)) if member.id == eve));
        let names: Vec<_> = members.iter().map(|member| member.author.username.as_str()).collect();
        assert_eq!(names, ["ada", "bob", "eve"]);
        assert_eq!(database.add_member(bob, room, eve).await, Ok((members.clone(), None)));
        assert_eq!(database.members(eve, room).await, Ok(members));
        assert_eq!(database.is_member(eve, room).await, Ok(true));
    }

    async fn strangers_neither_invite_nor_see_members(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (open, closed) = (database.open_room(ada, &[]).await, database.closed_room(ada, &[]).await);
        for (room, refusal) in [(open, StoreError::Refused(Refusal::NotAMember)), (closed, StoreError::Refused(Refusal::RoomNotFound))] {
            assert_eq!(database.add_member(bob, room, bob).await, Err(refusal.clone()));
            assert_eq!(database.members(bob, room).await, Err(refusal));
            assert_eq!(database.is_member(bob, room).await, Ok(false));
        }
        assert_eq!(database.add_member(ada, closed, UserId(99)).await, Err(StoreError::Refused(Refusal::UserNotFound)));
        assert_eq!(database.is_member(ada, RoomId(99)).await, Ok(false));
    }

    async fn everybody_may_leave_and_is_a_stranger_then(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.closed_room(ada, &[bob]).await;
        let event = database.remove_member(bob, room, bob, false).await.expect("leaves").events.remove(0);
        assert!(matches!((event.kind, &event.subject), (EventKind::MemberRemoved, Subject::Member(member)) if member.id == bob));
        assert_eq!(database.post(bob, room, "still here").await, Err(StoreError::Refused(Refusal::RoomNotFound)));
        assert_eq!(database.room(bob, room).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
        assert_eq!(database.rooms(bob, RoomFilter::default()).await, Ok(Vec::new()));
        assert_eq!(database.remove_member(bob, room, bob, false).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
    }

    async fn only_the_rooms_maker_and_administrators_remove_others(database: &TestDatabase) {
        let (ada, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let room = database.open_room(bob, &[eve]).await;
        assert_eq!(database.remove_member(eve, room, bob, false).await, Err(StoreError::Refused(Refusal::NotAllowed)));
        assert_eq!(database.remove_member(bob, room, ada, false).await, Err(StoreError::Refused(Refusal::NotAMember)));
        let event = database.remove_member(bob, room, eve, false).await.expect("the maker may").events.remove(0);
        assert_eq!(event.actor.id, bob);
        let event = database.remove_member(ada, room, bob, false).await.expect("an administrator may").events.remove(0);
        assert_eq!(event.actor.id, ada);
    }

    async fn whoever_comes_back_begins_anew(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.closed_room(ada, &[bob]).await;
        database.remove_member(ada, room, bob, false).await.expect("removed");
        database.post_many(ada, room, 2).await;
        let (_, event) = database.add_member(ada, room, bob).await.expect("invited again");
        let place = database.room(bob, room).await.expect("a member again").membership.expect("a member again");
        assert_eq!(place.joined_seq, event.expect("bob was no member").seq);
        assert_eq!(place.read_number, 2);
        assert!(database.post(bob, room, "back").await.is_ok());
    }
}
