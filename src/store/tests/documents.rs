//! Documents: which saves are stored, and what they leave behind.

use std::time::Duration;

use tokio::time::timeout;

use crate::domain::{DocumentContent, DocumentId, DocumentTitle, Refusal, RoomId, SearchQuery, Seq, Subject};
use crate::store::{
    Archive, DatabaseUrl, DocumentChange, DocumentSave, ExportItem, ExportScope, Snapshot, StoreError, StoreOptions,
    VersionPolicy,
};

use super::database::{LIMITS, OPTIONS};
use super::{TestDatabase, on_both_databases};

fn save(id: DocumentId, revision: i64, interval: Duration) -> DocumentSave {
    let version_policy = VersionPolicy { interval, most: 100 };
    DocumentSave { id, revision, content: DocumentContent::empty(), version_policy }
}

const HOUR: Duration = Duration::from_secs(3_600);

on_both_databases! {
    async fn a_save_that_was_merged_into_another_revision_is_not_stored(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let id = database.write_document(ada, room, &["one"]).await;
        assert_eq!(database.save_document(ada, save(id, 0, HOUR)).await, Ok(None), "somebody was faster");
        assert_eq!(database.document_text(ada, id).await.expect("readable").1, "one");
        let saved = database.save_document(ada, save(id, 1, HOUR)).await.expect("stored").expect("in time");
        assert_eq!((saved.revision, saved.bytes), (2, 2));
        assert_eq!(database.save_document(ada, save(DocumentId(9), 0, HOUR)).await, Err(StoreError::Refused(Refusal::DocumentNotFound)));
    }

    async fn a_version_is_kept_when_the_last_one_is_old_enough(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let id = database.write_document(ada, room, &["one", "two", "three"]).await;
        database.save_document(ada, save(id, 3, HOUR)).await.expect("stored").expect("in time");
        let versions = database.document_versions(ada, id).await.expect("readable");
        assert_eq!(versions.iter().map(|version| (version.number, version.revision)).collect::<Vec<_>>(), [(2, 2), (1, 1)]);
        database.run_sql("UPDATE document_versions SET kept_at = kept_at - 3600000000").await;
        database.save_document(ada, save(id, 4, HOUR)).await.expect("stored").expect("in time");
        assert_eq!(database.document_versions(ada, id).await.expect("readable")[0].revision, 4);
        assert_eq!(database.document_version(ada, id, 2).await.expect("kept").1, "onetwo");
    }

    async fn a_deleted_document_leaves_nothing_but_its_place_in_the_log(database: &TestDatabase) {
        let (ada, bob, eve) =
            (database.sign_up("ada").await, database.sign_up("bob").await, database.sign_up("eve").await);
        let room = database.closed_room(bob, &[ada, eve]).await;
        let id = database.write_document(bob, room, &["secret", "words"]).await;
        assert_eq!(database.delete_document(eve, id).await, Err(StoreError::Refused(Refusal::NotAllowed)));
        let deleted = database.delete_document(bob, id).await.expect("deleted");
        assert_eq!(deleted.users_to_unsubscribe.len(), 3);
        assert_eq!(deleted.event.map(|event| event.kind.name()), Some("document.deleted"));
        let gone = StoreError::Refused(Refusal::DocumentNotFound);
        assert_eq!(database.document(bob, id).await, Err(gone.clone()));
        assert_eq!(database.document_versions(bob, id).await, Err(gone.clone()));
        assert_eq!(database.save_document(bob, save(id, 2, HOUR)).await, Err(gone.clone()));
        assert_eq!(database.delete_document(bob, id).await, Err(gone));
        assert!(!database.may_write_document(bob, id).await.expect("readable"));
        assert!(database.documents(bob, room).await.expect("readable").is_empty());
        let query = SearchQuery::parse("secret").expect("valid");
        assert!(database.search_documents(bob, query, Archive::Included, 10).await.expect("searched").is_empty());
        let log = database.events_after(bob, room, Seq(1), 10, 100).await.expect("readable").events;
        for event in log {
            if let Subject::Document(document) = event.subject {
                assert_eq!(document.title, "");
            }
        }
        assert_eq!(Snapshot::open(&database.url).expect("opens").check(), []);
        // An administrator deletes what others made, also where they are no member but may see the room.
        let open = database.open_room(bob, &[]).await;
        let id = database.write_document(bob, open, &["other"]).await;
        assert_eq!(database.delete_document(eve, id).await, Err(StoreError::Refused(Refusal::NotAMember)));
        assert!(database.delete_document(ada, id).await.is_ok());
    }

    async fn archived_documents_are_found_when_they_are_asked_for(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let id = database.write_document(ada, room, &["needle"]).await;
        let change = DocumentChange { title: None, is_archived: Some(true) };
        database.change_document(ada, id, change).await.expect("archived");
        for (archive, found) in [(Archive::Excluded, 0), (Archive::Included, 1)] {
            let query = SearchQuery::parse("needle").expect("valid");
            assert_eq!(database.search_documents(ada, query, archive, 10).await.expect("searched").len(), found);
        }
    }

    async fn a_search_in_long_documents_ends_and_frees_its_place(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        for _ in 0..12 {
            database.write_document(ada, room, &["one"]).await;
        }
        // Ten megabytes each, in which every place nearly matches.
        let sql = match database.url {
            DatabaseUrl::Sqlite(_) => "UPDATE documents SET words = replace(hex(zeroblob(2500000)), '00', ' a b')",
            DatabaseUrl::Postgres(_) => "UPDATE documents SET words = repeat(' a b', 2500000)",
        };
        database.run_sql(sql).await;
        let deadline = Duration::from_millis(500);
        let store = database.open_again_with(&StoreOptions { read_connections: 1, read_timeout: deadline, ..OPTIONS });
        let query = SearchQuery::parse(&format!("\"{}c\"", "a b ".repeat(15))).expect("valid");
        let searched = store.search_documents(ada, query, Archive::Excluded, 10).await;
        assert!(searched == Err(StoreError::Timeout(deadline)) || searched == Ok(Vec::new()), "{searched:?}");
        let others = async { while store.documents(ada, room).await.is_err() {} };
        timeout(Duration::from_secs(15), others).await.expect("the search gives its connection back");
    }

    async fn the_log_shows_a_document_as_it_is_at_present(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let id = database.write_document(ada, room, &["one"]).await;
        let title = DocumentTitle::parse("Minutes", &LIMITS).expect("valid");
        let change = DocumentChange { title: Some(title), is_archived: Some(true) };
        let changed = database.change_document(ada, id, change).await.expect("changed");
        assert_eq!(changed.users_to_unsubscribe, [ada]);
        assert_eq!(database.save_document(ada, save(id, 1, HOUR)).await, Err(StoreError::Refused(Refusal::DocumentArchived)));
        let log = database.events_after(ada, room, Seq(2), 10, 100).await.expect("readable").events;
        for (event, name) in log.iter().zip(["document.created", "document.changed"]) {
            let Subject::Document(document) = &event.subject else {
                panic!("{event:?}")
            };
            assert_eq!((event.kind.name(), document.as_ref()), (name, &changed.document));
        }
    }

    async fn an_export_has_what_the_documents_say(database: &TestDatabase) {
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let room = database.open_room(ada, &[bob]).await;
        for words in [["one", "two"], ["three", "four"]] {
            database.write_document(bob, room, &words).await;
        }
        let texts = |scope: ExportScope| {
            let mut texts = Vec::new();
            let mut keep = |item| {
                if let ExportItem::Document { text, .. } = item {
                    texts.push(text);
                }
                Ok(())
            };
            Snapshot::open(&database.url).expect("opens").export(&scope, &mut keep).expect("exported");
            texts
        };
        let user = |name: &str| ExportScope::User(crate::domain::Username::parse(name).expect("valid"));
        for scope in [ExportScope::All, ExportScope::Room(room), user("bob")] {
            assert_eq!(texts(scope), ["onetwo", "threefour"]);
        }
        assert_eq!(texts(user("ada")), [""; 0]);
        assert!(database.documents(ada, RoomId(9)).await.is_err());
    }
}
