//! Default rooms: every new person joins them.

use crate::domain::{EventKind, Refusal, RoomKind, UserId};
use crate::store::{RoomChange, RoomFilter, SignUpPermission, StoreError};

use super::archive::archived;
use crate::store::tests::database::{RULES, new_room, new_user};
use crate::store::tests::{TestDatabase, on_both_databases};

fn default(is_default: bool) -> RoomChange {
    RoomChange { is_default: Some(is_default), ..RoomChange::default() }
}

async fn rooms_of(database: &TestDatabase, person: UserId) -> Vec<String> {
    let views = database.rooms(person, RoomFilter::default()).await.expect("readable");
    views.into_iter().filter(|view| view.membership.is_some()).map(|view| view.room.name).collect()
}

on_both_databases! {
    async fn a_new_person_joins_the_default_rooms_with_an_event(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        for (name, kind) in [("Lobby", RoomKind::Open), ("News", RoomKind::Open), ("Workshop", RoomKind::Open), ("Board", RoomKind::Closed)] {
            database.create_room(ada, new_room(name, kind, &[])).await.expect("made");
        }
        let rooms = database.rooms(ada, RoomFilter::default()).await.expect("readable");
        let [board, lobby, news, _] = rooms.as_slice() else { panic!("four rooms") };
        assert_eq!((lobby.room.is_default, news.room.is_default), (true, false), "the first room is one");
        database.change_room(ada, news.room.id, default(true), RULES).await.expect("changed");
        let refused = database.change_room(ada, board.room.id, default(true), RULES).await;
        assert_eq!(refused, Err(StoreError::Refused(Refusal::InvalidDefaultRoom)));

        let (bob, events) = database.create_user(new_user("bob", SignUpPermission::Open)).await.expect("signs up");
        let told: Vec<_> = events.iter().map(|event| (event.room_id, event.kind, event.actor.id)).collect();
        assert_eq!(told, [lobby.room.id, news.room.id].map(|room| (room, EventKind::MemberJoined, bob.id)));
        assert_eq!(rooms_of(database, bob.id).await, ["Lobby", "News"]);

        database.change_room(ada, lobby.room.id, default(false), RULES).await.expect("changed");
        let (view, _) = database.change_room(ada, news.room.id, archived(true), RULES).await.expect("archived");
        assert!(!view.room.is_default, "nobody joins an archived room");
        let eve = database.sign_up("eve").await;
        assert_eq!(rooms_of(database, eve).await, [""; 0]);
        assert_eq!(rooms_of(database, bob.id).await, ["Lobby"], "whoever has joined stays");
        let refused = database.change_room(eve, lobby.room.id, default(true), RULES).await;
        assert_eq!(refused, Err(StoreError::Refused(Refusal::NotAMember)));
        let refused = database.change_room(ada, news.room.id, default(true), RULES).await;
        assert_eq!(refused, Err(StoreError::Refused(Refusal::InvalidDefaultRoom)));
    }

    async fn the_first_room_is_no_default_room_when_it_is_closed(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        database.closed_room(ada, &[]).await;
        database.open_room(ada, &[]).await;
        let bob = database.sign_up("bob").await;
        assert_eq!(rooms_of(database, bob).await, [""; 0]);
    }
}
