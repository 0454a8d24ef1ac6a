//! Making, seeing, changing and joining rooms.

use crate::domain::{EventKind, Refusal, Room, RoomId, RoomKind, Seq, Subject, UserId};
use crate::store::{RoomChange, RoomFilter, StoreError};

use crate::store::tests::database::{RULES, new_room, room_name, room_topic};
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn a_new_room_has_its_maker_and_the_invited_as_members(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let new = new_room("Secrets", RoomKind::Closed, &[bob, ada, bob]);
        let (view, events) = database.create_room(ada, new).await.expect("made");
        assert_eq!((view.room.name.as_str(), view.room.last_seq, view.room.created_by), ("Secrets", Seq(3), Some(ada)));
        assert_eq!(view.membership.as_ref().map(|place| place.joined_seq), Some(Seq(2)));
        let kinds: Vec<_> = events.iter().map(|event| (event.seq.0, event.kind.name())).collect();
        assert_eq!(kinds, [(1, "room.created"), (2, "member.joined"), (3, "member.joined")]);
        assert!(matches!(&events[2].subject, Subject::Member(member) if member.id == bob));
        assert!(matches!(&events[0].subject, Subject::Room(room) if room.last_seq == Seq(1)));
        assert_eq!(database.room(bob, view.room.id).await.expect("invited").room, view.room);
    }

    async fn a_room_with_an_unknown_member_is_not_made(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let new = new_room("Nobody", RoomKind::Open, &[UserId(99)]);
        assert_eq!(database.create_room(ada, new).await, Err(StoreError::Refused(Refusal::UserNotFound)));
        assert_eq!(database.rooms(ada, RoomFilter::default()).await, Ok(Vec::new()));
    }

    async fn a_closed_room_of_others_looks_like_none(database: &TestDatabase) {
        let admin = database.sign_up("admin").await;
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (closed, open) = (database.closed_room(bob, &[]).await, database.open_room(bob, &[]).await);
        assert_eq!(database.room(admin, closed).await.expect("administrators know of it").membership, None);
        for room in [closed, RoomId(99)] {
            assert_eq!(database.room(ada, room).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
            assert_eq!(database.join_room(ada, room).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
            let change = RoomChange { name: Some(room_name("Mine")), ..RoomChange::default() };
            assert_eq!(database.change_room(ada, room, change, RULES).await, Err(StoreError::Refused(Refusal::RoomNotFound)));
        }
        assert_eq!(database.room(ada, open).await.expect("open to all").membership, None);
    }

    async fn my_rooms_come_first_and_each_list_is_in_the_order_of_names(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        for (maker, name, kind) in [
            (bob, "zoo", RoomKind::Open),
            (bob, "Attic", RoomKind::Open),
            (bob, "hidden", RoomKind::Closed),
            (ada, "music", RoomKind::Closed),
            (ada, "Lobby", RoomKind::Open),
        ] {
            database.create_room(maker, new_room(name, kind, &[])).await.expect("made");
        }
        let views = database.rooms(ada, RoomFilter::default()).await.expect("readable");
        let names: Vec<_> = views.iter().map(|view| (view.room.name.as_str(), view.membership.is_some())).collect();
        assert_eq!(names, [("Lobby", true), ("music", true), ("Attic", false), ("zoo", false)]);
    }

    async fn a_change_is_an_event_unless_nothing_differs(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let change = RoomChange { name: Some(room_name("Hall")), topic: Some(room_topic("Come in")), ..RoomChange::default() };
        let (view, event) = database.change_room(ada, room, change.clone(), RULES).await.expect("changed");
        assert_eq!(database.room(ada, room).await, Ok(view.clone()));
        assert_eq!((view.room.name.as_str(), view.room.topic.as_str()), ("Hall", "Come in"));
        let event = event.expect("something differs");
        assert_eq!((event.seq, event.kind, event.subject), (Seq(3), EventKind::RoomChanged, Subject::Room(view.room.clone())));
        assert_eq!(database.change_room(ada, room, change, RULES).await, Ok((view.clone(), None)));
        assert_eq!(database.change_room(ada, room, RoomChange::default(), RULES).await, Ok((view, None)));
    }

    async fn only_its_maker_and_administrators_change_a_room(database: &TestDatabase) {
        let (ada, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let room = database.open_room(bob, &[eve]).await;
        let renamed = |name: &str| RoomChange { name: Some(room_name(name)), ..RoomChange::default() };
        assert_eq!(database.change_room(eve, room, renamed("Eve's"), RULES).await, Err(StoreError::Refused(Refusal::NotAllowed)));
        for (person, name) in [(bob, "Bob's"), (ada, "Ada's")] {
            let (view, _) = database.change_room(person, room, renamed(name), RULES).await.expect("allowed");
            assert_eq!(view.room.name, name);
        }
    }

    async fn joining_an_open_room_twice_changes_nothing(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[]).await;
        database.post_many(ada, room, 3).await;
        let (view, event) = database.join_room(bob, room).await.expect("open to all");
        let event = event.expect("bob was no member");
        assert!(matches!((event.kind, &event.subject), (EventKind::MemberJoined, Subject::Member(member)) if member.id == bob));
        let place = view.membership.clone().expect("bob is a member");
        assert_eq!((place.joined_seq, place.read_number), (event.seq, 3), "what was posted before is read");
        assert_eq!(database.join_room(bob, room).await, Ok((view, None)));
    }

    async fn racing_joins_make_one_member(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[]).await;
        let other = database.open_again();
        let (one, two) = tokio::join!(database.join_room(bob, room), other.join_room(bob, room));
        let events = [one.expect("joined").1, two.expect("joined").1];
        assert_eq!(events.iter().flatten().count(), 1);
        assert_eq!(database.members(ada, room).await.expect("readable").len(), 2);
    }

    async fn an_event_shows_the_room_as_it_was_then(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        for name in ["First", "Second"] {
            database.post(ada, room, "hello").await.expect("stored");
            let change = RoomChange { name: Some(room_name(name)), ..RoomChange::default() };
            database.change_room(ada, room, change, RULES).await.expect("changed");
        }
        let events = database.events_after(ada, room, Seq(0), 100, 100).await.expect("readable").events;
        let rooms: Vec<&Room> = events
            .iter()
            .filter_map(|event| match &event.subject {
                Subject::Room(room) => Some(room),
                _ => None,
            })
            .collect();
        let then: Vec<_> = rooms.iter().map(|room| (room.name.as_str(), room.last_seq.0, room.message_count)).collect();
        assert_eq!(then, [("Lobby", 1, 0), ("First", 4, 1), ("Second", 6, 2)]);
    }
}
