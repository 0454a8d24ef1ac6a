//! The check: silent about what is right, and not about what is not.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::store::{DatabaseUrl, OpenError, Snapshot};

use super::database::body;
use super::{TestDatabase, on_both_databases};

async fn lived_in(database: &TestDatabase) {
    let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
    let (room, other) = (database.open_room(ada, &[bob]).await, database.closed_room(ada, &[]).await);
    let ids = database.post_many(ada, room, 4).await;
    database.post_many(ada, other, 1).await;
    database.edit_message(ada, room, ids[0], body("edited")).await.expect("edited");
    database.delete_message(ada, room, ids[1]).await.expect("taken back");
    database.remove_member(ada, room, bob).await.expect("removed");
    database.write_document(ada, room, &["one", "two"]).await;
}

fn findings(database: &TestDatabase) -> Vec<String> {
    let findings = Snapshot::open(&database.url).expect("opens").check().expect("readable");
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
