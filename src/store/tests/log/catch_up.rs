//! Reading the log.

use crate::domain::{Refusal, RoomEvent, RoomKind, Seq, Subject};
use crate::store::{CatchUp, Posted, RoomChange, StoreError};

use crate::store::tests::database::{RULES, body, draft, new_room, room_name};
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn the_log_tells_what_was_dispatched_in_the_same_order(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let new = new_room("Lobby", RoomKind::Open, &[]);
        let (view, mut dispatched) = database.create_room(ada, new).await.expect("made");
        let room = view.room.id;
        dispatched.extend(database.join_room(bob, room).await.expect("joined").1);
        let change = RoomChange { name: Some(room_name("Hall")), ..RoomChange::default() };
        dispatched.extend(database.change_room(ada, room, change, RULES).await.expect("changed").1);
        dispatched.push(database.remove_member(ada, room, bob, false).await.expect("removed").events.remove(0));
        if let Posted::New { event, .. } =
            database.post_message(ada, room, draft("hello", Some("c-1"))).await.expect("stored")
        {
            dispatched.push(*event);
        }
        let caught_up = database.events_after(ada, room, Seq(0), 100, 1_000).await.expect("a member reads");
        assert_eq!(caught_up.events, dispatched);
        assert_eq!((caught_up.head, caught_up.more, caught_up.resync), (Seq(6), false, false));
        let seqs: Vec<_> = caught_up.events.iter().map(|event| event.seq.0).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    }

    async fn an_event_read_later_shows_its_message_as_it_is_then(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(bob, &[ada]).await;
        let ids = database.post_many(bob, room, 2).await;
        database.edit_message(bob, room, ids[0], body("edited")).await.expect("edited");
        database.delete_message(ada, room, ids[1]).await.expect("deleted");
        let events = database.events_after(ada, room, Seq(3), 100, 1_000).await.expect("a member reads").events;
        let told: Vec<_> = events.iter().map(|event| (event.kind.name(), message_text(event), event.actor.id)).collect();
        assert_eq!(
            told,
            [
                ("message.posted", "edited", bob),
                ("message.posted", "", bob),
                ("message.edited", "edited", bob),
                ("message.deleted", "", ada),
            ]
        );
    }

    async fn a_long_log_is_read_in_portions(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        database.post_many(ada, room, 8).await;
        let mut after = Seq(0);
        let mut portions = Vec::new();
        loop {
            let portion = database.events_after(ada, room, after, 4, 1_000).await.expect("a member reads");
            portions.push(portion.events.len());
            after = portion.events.last().expect("no empty portion").seq;
            if !portion.more {
                break;
            }
        }
        assert_eq!((portions, after), (vec![4, 4, 2], Seq(10)));
        let at_the_head = database.events_after(ada, room, after, 4, 1_000).await.expect("a member reads");
        assert_eq!(at_the_head, CatchUp { events: Vec::new(), head: Seq(10), more: false, resync: false });
    }

    async fn whoever_is_too_far_behind_or_ahead_reads_anew(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        database.post_many(ada, room, 8).await;
        let resync = CatchUp { events: Vec::new(), head: Seq(10), more: false, resync: true };
        for after in [4, 0, -1, i64::MIN, 11, i64::MAX] {
            let caught_up = database.events_after(ada, room, Seq(after), 100, 5).await;
            assert_eq!(caught_up.as_ref(), Ok(&resync), "{after}");
        }
        let just_near_enough = database.events_after(ada, room, Seq(5), 100, 5).await.expect("a member reads");
        assert_eq!((just_near_enough.events.len(), just_near_enough.resync), (5, false));
    }

    async fn heads_are_those_of_my_rooms(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (first, second) = (database.open_room(ada, &[bob]).await, database.closed_room(ada, &[]).await);
        database.post_many(ada, second, 3).await;
        assert_eq!(database.log_heads_of_user(ada).await, Ok(vec![(first, Seq(3)), (second, Seq(5))]));
        assert_eq!(database.log_heads_of_user(bob).await, Ok(vec![(first, Seq(3))]));
    }

    async fn a_removed_member_reads_no_more_of_the_log(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (open, closed) = (database.open_room(ada, &[bob]).await, database.closed_room(ada, &[bob]).await);
        for (room, refusal) in [(open, StoreError::Refused(Refusal::NotAMember)), (closed, StoreError::Refused(Refusal::RoomNotFound))] {
            database.remove_member(ada, room, bob, false).await.expect("removed");
            assert_eq!(database.events_after(bob, room, Seq(0), 100, 1_000).await, Err(refusal));
        }
    }
}

fn message_text(event: &RoomEvent) -> &str {
    match &event.subject {
        Subject::Message(message) => &message.body,
        other => panic!("not about a message: {other:?}"),
    }
}
