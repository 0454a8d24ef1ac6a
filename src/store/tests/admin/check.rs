//! The check: silent about what is right, and not about what is not.

use std::fs;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::domain::{RoomId, UserId};
use crate::store::{ContentCheck, DatabaseUrl, FileStorage, OpenError, Preview, Snapshot};

use crate::store::tests::database::body;
use crate::store::tests::files::{keep, keep_with};
use crate::store::tests::{TestDatabase, on_both_databases};

async fn lived_in(database: &TestDatabase) {
    let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
    let (room, other) = (database.open_room(ada, &[bob]).await, database.closed_room(ada, &[]).await);
    let ids = database.post_many(ada, room, 4).await;
    database.post_many(ada, other, 1).await;
    database.edit_message(ada, room, ids[0], body("edited")).await.expect("edited");
    database.delete_message(ada, room, ids[1]).await.expect("taken back");
    database.remove_member(ada, room, bob, false).await.expect("removed");
    database.write_document(ada, room, &["one", "two"]).await;
}

fn findings(database: &TestDatabase) -> Vec<String> {
    let findings = Snapshot::open(&database.url).expect("opens").check();
    findings.iter().map(ToString::to_string).collect()
}

on_both_databases! {
    async fn what_agrees_is_found_in_order(database: &TestDatabase) {
        assert_eq!(findings(database), [""; 0], "an empty database");
        lived_in(database).await;
        assert_eq!(findings(database), [""; 0]);
    }

    async fn each_thing_that_does_not_agree_is_found(database: &TestDatabase) {
        lived_in(database).await;
        for (sabotage, repair, finding) in [
            ("UPDATE rooms SET last_seq = last_seq + 1 WHERE id = 1", "UPDATE rooms SET last_seq = last_seq - 1 WHERE id = 1", "room 1: the log has a gap"),
            ("UPDATE events SET seq = 99 WHERE room_id = 2 AND seq = 2", "UPDATE events SET seq = 2 WHERE room_id = 2 AND seq = 99", "room 2: the log has a gap"),
            ("UPDATE rooms SET message_count = 9 WHERE id = 1", "UPDATE rooms SET message_count = 4 WHERE id = 1", "room 1: the messages' numbers"),
            ("UPDATE messages SET number = 7 WHERE id = 2", "UPDATE messages SET number = 2 WHERE id = 2", "room 1: messages are not numbered in the order"),
            ("UPDATE events SET message_id = 4 WHERE message_id = 3", "UPDATE events SET message_id = 3 WHERE message_id = 4 AND seq = 6", "message 3: the log does not say"),
            ("UPDATE events SET message_id = 5 WHERE message_id = 4", "UPDATE events SET message_id = 4 WHERE message_id = 5 AND room_id = 1", "room 1: the log speaks of messages"),
            ("UPDATE events SET data = NULL WHERE room_id = 2 AND seq = 1", "UPDATE events SET data = '{}' WHERE room_id = 2 AND seq = 1", "room 2: the log has an entry without"),
            ("UPDATE memberships SET read_number = 99 WHERE room_id = 2", "UPDATE memberships SET read_number = 1 WHERE room_id = 2", "room 2: a member has read"),
            ("UPDATE memberships SET uncounted = 1 WHERE room_id = 1", "UPDATE memberships SET uncounted = 0 WHERE room_id = 1", "room 1: a member's count of unread"),
            ("UPDATE events SET document_id = NULL WHERE document_id = 1", "UPDATE events SET document_id = 1 WHERE kind = 'document.created'", "room 1: the log has an entry without"),
            ("UPDATE documents SET room_id = 2", "UPDATE documents SET room_id = 1", "room 1: the log speaks of documents"),
            ("UPDATE documents SET text = 'three'", "UPDATE documents SET text = 'onetwo'", "document 1: its text"),
            ("UPDATE documents SET bytes = bytes + 1", "UPDATE documents SET bytes = bytes - 1", "document 1: its state has another length"),
            ("UPDATE document_versions SET revision = 9", "UPDATE document_versions SET revision = 1", "document 1: a version"),
            ("UPDATE users SET role = 'emperor' WHERE id = 2", "UPDATE users SET role = 'member' WHERE id = 2", "user 2: the account"),
        ] {
            database.run_sql(sabotage).await;
            let found = findings(database);
            assert!(found.iter().any(|line| line.starts_with(finding)), "{sabotage}: {found:?}");
            database.run_sql(repair).await;
            assert_eq!(findings(database), [""; 0], "{repair}");
        }
    }

    async fn a_message_that_the_search_index_lacks_is_found_and_one_that_it_has_too_many(database: &TestDatabase) {
        lived_in(database).await;
        let (forget, remember) = match &database.url {
            DatabaseUrl::Sqlite(_) => (
                "DELETE FROM message_search WHERE rowid = 3",
                "INSERT INTO message_search (rowid, terms) VALUES (2, 'taken'), (77, 'nothing')",
            ),
            DatabaseUrl::Postgres(_) => (
                "DELETE FROM message_search WHERE message_id = 3",
                "INSERT INTO message_search (message_id, terms) VALUES (2, 'taken'), (77, 'nothing')",
            ),
        };
        database.run_sql(forget).await;
        assert_eq!(findings(database), ["message 3: the search index does not have it"]);
        database.run_sql(remember).await;
        let too_many = "the search index has it, but it was taken back or does not exist";
        let expected =
            ["message 3: the search index does not have it".to_owned(), format!("message 2: {too_many}"), format!("message 77: {too_many}")];
        assert_eq!(findings(database), expected);
    }

    async fn a_file_that_does_not_belong_to_its_message_is_found(database: &TestDatabase) {
        lived_in(database).await;
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        keep(&library, UserId(1), RoomId(1), b"content").await.expect("kept");
        assert_eq!(findings(database), [""; 0], "it waits to be posted");
        database.run_sql("UPDATE files SET message_id = 1").await;
        assert_eq!(findings(database), [""; 0], "posted");
        for sabotage in ["UPDATE files SET message_id = 2", "UPDATE files SET message_id = 1, room_id = 2"] {
            database.run_sql(sabotage).await;
            let found = findings(database);
            assert_eq!(found, ["file 1: its message is in another room, was taken back or does not exist"], "{sabotage}");
        }
    }

    async fn each_content_that_is_not_as_its_file_says_is_found(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let mut paths = Vec::new();
        for content in ["missing", "cut off", "without its thumbnail", "whole"] {
            let thumbnail = Preview { size: Some((1, 1)), thumbnail: Some(("image/png", b"small".to_vec())) };
            let file = keep_with(&library, ada, room, content.as_bytes(), thumbnail).await.expect("kept");
            let hash = database.file(ada, file.id).await.expect("there").hash;
            paths.push(directory.path().join(hash.path()));
        }
        let contents = || {
            let findings = Snapshot::open(&database.url).expect("opens").check_contents(directory.path(), ContentCheck::Bytes);
            findings.expect("readable").iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        // Being received, or of the file system's own.
        fs::write(directory.path().join("incoming/half"), "half").expect("written");
        fs::create_dir(directory.path().join("lost+found")).expect("made");
        assert_eq!(contents(), [""; 0]);
        fs::remove_file(&paths[0]).expect("removed");
        fs::write(&paths[1], "cut").expect("written");
        fs::remove_file(paths[2].with_extension("thumbnail")).expect("removed");
        let orphan = paths[3].with_file_name("0123");
        fs::write(&orphan, "nobody's").expect("written");
        let expected = [
            "file 1: its content is missing",
            "file 2: its content has 3 bytes instead of 7",
            "file 3: its thumbnail is missing",
        ];
        let [first, second, third, fourth] = contents().try_into().expect("four findings");
        assert_eq!([first, second, third], expected);
        assert_eq!(fourth, format!("{}: no file has this content", orphan.display()));
        // Without its row, and nobody has noted that it is to be removed.
        database.run_sql("DELETE FROM files WHERE id = 4; DELETE FROM file_removals").await;
        let found = contents();
        assert!(found.contains(&format!("{}: no file has this content", paths[3].display())), "{found:?}");
        database.run_sql("DELETE FROM files WHERE id <> 4").await;
        assert!(!contents().iter().any(|line| line.contains(&paths[1].display().to_string())), "it is noted");
        fs::remove_dir_all(directory.path()).expect("removed");
        assert_eq!(contents(), [""; 0], "no directory, and no file that needs it");
    }

    async fn a_delivery_without_a_job_is_found(database: &TestDatabase) {
        lived_in(database).await;
        database.run_sql("INSERT INTO webhooks (created_by, url, secret, created_at) VALUES (1, 'https://example.org', 's', 1)").await;
        database.run_sql("INSERT INTO webhook_deliveries (webhook_id, room_id, seq, event_type, status, attempts, created_at) \
                          VALUES (1, 1, 1, 'room.created', 'pending', 0, 1)").await;
        assert_eq!(findings(database), ["delivery 1: it is to be sent, and no job sends it"]);
    }

    async fn a_database_of_an_older_version_is_not_read(database: &TestDatabase) {
        database.run_sql("DELETE FROM __diesel_schema_migrations WHERE version = '20261125000003'").await;
        let refused = Snapshot::open(&database.url).err();
        assert!(matches!(refused, Some(OpenError::Outdated)), "{refused:?}");
    }
}

#[tokio::test]
async fn on_sqlite_a_row_that_refers_to_nothing_is_found() {
    let database = TestDatabase::sqlite();
    lived_in(&database).await;
    database.close().await;
    let DatabaseUrl::Sqlite(path) = &database.url else { unreachable!("made on SQLite") };
    let mut other = SqliteConnection::establish(&path.display().to_string()).expect("it opens");
    other.batch_execute("PRAGMA foreign_keys = OFF; DELETE FROM users WHERE id = 2").expect("it runs");
    let found = findings(&database);
    assert!(found.iter().any(|line| line.contains("refers to a row of users that does not exist")), "{found:?}");
}

#[test]
fn a_database_that_does_not_exist_is_not_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("hubbub.sqlite3");
    let refused = Snapshot::open(&DatabaseUrl::Sqlite(path.clone())).err();
    assert!(matches!(refused, Some(OpenError::Missing(_))), "{refused:?}");
    assert!(!path.exists());
}
