//! Archived rooms: read, and not written.

use crate::domain::{Refusal, SearchQuery};
use crate::store::{Archive, DocumentChange, RoomChange, RoomFilter, StoreError};

use crate::store::tests::database::{RULES, body};
use crate::store::tests::{TestDatabase, on_both_databases};

pub(super) fn archived(is_archived: bool) -> RoomChange {
    RoomChange { is_archived: Some(is_archived), ..RoomChange::default() }
}

on_both_databases! {
    async fn an_archived_room_is_read_and_not_written(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        let message = database.post(bob, room, "hello").await.expect("stored");
        let document = database.write_document(bob, room, &["plan"]).await;
        let refused = database.change_room(bob, room, archived(true), RULES).await;
        assert_eq!(refused, Err(StoreError::Refused(Refusal::NotAllowed)));
        let (view, event) = database.change_room(ada, room, archived(true), RULES).await.expect("archived");
        assert!(view.room.archived_at.is_some() && event.is_some());
        assert_eq!(database.change_room(ada, room, archived(true), RULES).await.expect("again").1, None);

        let is_archived = StoreError::Refused(Refusal::RoomArchived);
        assert_eq!(database.post(bob, room, "more").await, Err(is_archived.clone()));
        assert_eq!(database.edit_message(bob, room, message.id, body("other")).await.map(drop), Err(is_archived.clone()));
        assert_eq!(database.require_writing(bob, room).await, Err(is_archived.clone()));
        let rename = DocumentChange { title: None, is_archived: Some(true) };
        assert_eq!(database.change_document(bob, document, rename).await.map(drop), Err(is_archived));
        assert_eq!(database.may_write_document(bob, document).await, Ok(false));
        assert_eq!(database.writable_documents(bob, vec![document]).await.map(|found| found.len()), Ok(0));

        assert_eq!(database.message(bob, room, message.id).await.map(|message| message.body), Ok("hello".to_owned()));
        database.document(bob, document).await.expect("it is read");
        database.delete_message(bob, room, message.id).await.expect("what was written can be taken back");

        database.change_room(ada, room, archived(false), RULES).await.expect("taken out of the archive");
        database.post(bob, room, "more").await.expect("stored");
        assert_eq!(database.may_write_document(bob, document).await, Ok(true));
    }

    async fn an_archived_room_is_listed_and_searched_on_request(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        database.post(ada, room, "needle").await.expect("stored");
        database.write_document(ada, room, &["needle"]).await;
        database.change_room(ada, room, archived(true), RULES).await.expect("archived");
        let with_archived = RoomFilter { with_archived: true, ..RoomFilter::default() };
        for (filter, count) in [(RoomFilter::default(), 0), (with_archived, 1)] {
            assert_eq!(database.rooms(ada, filter).await.map(|rooms| rooms.len()), Ok(count), "{filter:?}");
        }
        for (text, archive, count) in [
            ("needle", Archive::Excluded, 0),
            ("needle", Archive::Included, 1),
            ("needle in:Lobby", Archive::Excluded, 1),
        ] {
            let query = SearchQuery::parse(text).expect("a query");
            let found = database.search(ada, query.clone(), archive, None, 10).await.expect("searched").items.len();
            let documents = database.search_documents(ada, query, archive, 10).await.expect("searched").len();
            assert_eq!((found, documents), (count, count), "{text} {archive:?}");
        }
    }
}
