//! Deleted rooms: nobody finds anything of them, and after a moment nothing is left.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::domain::{EventKind, Refusal, RoomId, SearchQuery, Seq, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::{Archive, ExportError, ExportItem, ExportScope, FileStorage, RoomFilter, Snapshot, StoreError};

use crate::store::tests::database::draft;
use crate::store::tests::files::keep;
use crate::store::tests::{TestDatabase, on_both_databases};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn rows_of(database: &TestDatabase, table: &'static str, room: RoomId) -> i64 {
    let query = format!("SELECT count(*) AS count FROM {table} WHERE room_id = {room}");
    let count = database.read(move |connection: &mut DbConnection| {
        Ok(diesel::sql_query(query.as_str()).get_result::<Count>(connection)?.count)
    });
    count.await.expect("readable")
}

async fn empty(database: &TestDatabase) {
    for room in database.rooms_to_empty().await.expect("readable") {
        while database.empty_room(room, 2).await.expect("emptied") == 2 {}
    }
}

async fn found(database: &TestDatabase, person: UserId) -> usize {
    let query = SearchQuery::parse("needle").expect("a query");
    let messages = database.search(person, query.clone(), Archive::Included, None, 10).await.expect("searched");
    let documents = database.search_documents(person, query, Archive::Included, 10).await.expect("searched");
    messages.items.len() + documents.len()
}

on_both_databases! {
    async fn a_deleted_room_is_gone_at_once_and_its_rows_after_a_moment(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (room, other) = (database.open_room(bob, &[ada]).await, database.open_room(ada, &[bob]).await);
        let message = database.post(bob, room, "needle").await.expect("stored");
        let kept = database.post(bob, other, "needle").await.expect("stored");
        let document = database.write_document(bob, room, &["needle"]).await;
        let file = keep(&library, bob, room, b"attached").await.expect("kept");
        let mut with_file = draft("see", None);
        with_file.file_ids.push(file.id);
        database.post_message(bob, room, with_file).await.expect("stored");

        let stored = database.file(bob, file.id).await.expect("attached");

        assert_eq!(database.delete_room(bob, room).await, Err(StoreError::Refused(Refusal::AdministratorsOnly)));
        let deletion = database.delete_room(ada, room).await.expect("deleted");
        assert_eq!((deletion.event.kind, deletion.event.seq, deletion.name.as_str()), (EventKind::RoomDeleted, Seq(7), "Lobby"));
        assert_eq!((deletion.members, deletion.document_ids), (vec![ada, bob], vec![document]));

        let gone = StoreError::Refused(Refusal::RoomNotFound);
        assert_eq!(database.delete_room(ada, room).await, Err(gone.clone()));
        assert_eq!(database.room(ada, room).await, Err(gone.clone()));
        assert_eq!(database.join_room(bob, room).await, Err(gone.clone()));
        assert_eq!(database.post(bob, room, "more").await, Err(gone.clone()));
        assert_eq!(database.message(bob, room, message.id).await, Err(gone.clone()));
        assert_eq!(database.events_after_for_members(room, Seq(0), 10, 1_000).await, Err(gone));
        assert_eq!(database.document(bob, document).await, Err(StoreError::Refused(Refusal::DocumentNotFound)));
        assert_eq!(database.file(bob, file.id).await.map(drop), Err(StoreError::Refused(Refusal::FileNotFound)));
        let all = RoomFilter { with_closed: true, with_archived: true };
        let ids = |rooms: Vec<crate::store::RoomView>| rooms.iter().map(|view| view.room.id).collect::<Vec<_>>();
        assert_eq!(database.rooms(ada, all).await.map(ids), Ok(vec![other]));
        assert_eq!(database.log_heads_of_user(bob).await.map(|heads| heads.len()), Ok(1));
        assert_eq!(found(database, bob).await, 1);
        let mut exported = Vec::new();
        let mut snapshot = Snapshot::open(&database.url).expect("opens");
        snapshot.export(&ExportScope::All, &mut |item| { exported.push(item); Ok(()) }).expect("exported");
        let messages: Vec<_> = exported.iter().filter_map(|item| match item {
            ExportItem::Message(message) => Some(message.id),
            _ => None,
        }).collect();
        assert_eq!(messages, [kept.id]);
        assert!(!exported.iter().any(|item| matches!(item, ExportItem::Document { .. } | ExportItem::File(_))));
        assert!(matches!(snapshot.export(&ExportScope::Room(room), &mut |_| Ok(())), Err(ExportError::Store(_))));
        drop(snapshot);

        assert_eq!(database.rooms_to_empty().await, Ok(vec![room]));
        empty(database).await;
        for (table, count) in [("messages", 0), ("documents", 0), ("files", 0), ("memberships", 0), ("events", 1), ("search_words", 0)] {
            assert_eq!(rows_of(database, table, room).await, count, "{table}");
        }
        assert!(rows_of(database, "search_words", other).await > 0);
        library.remove_unused().await.expect("removed");
        assert!(library.read(&stored).is_err(), "its content is gone from the disk");
        assert_eq!(database.rooms_to_empty().await, Ok(Vec::new()));
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
    }

    async fn a_room_whose_log_retention_has_removed_loses_its_documents_too(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        database.write_document(ada, room, &["needle"]).await;
        database.trim_room(room, crate::domain::Timestamp(i64::MAX), 100).await.expect("trimmed");
        database.delete_room(ada, room).await.expect("deleted");
        assert_eq!(database.rooms_to_empty().await, Ok(vec![room]));
        empty(database).await;
        assert_eq!((rows_of(database, "documents", room).await, rows_of(database, "events", room).await), (0, 1));
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
    }
}
