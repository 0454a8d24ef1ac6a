//! Files whose message never came, and contents that a crash left behind.

use std::fs;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::domain::{File, FileName, Refusal, RoomId, Timestamp, UserId};
use crate::store::{FileStorage, Posted, Preview, StoreError};

use super::database::draft;
use super::{TestDatabase, on_both_databases};

pub(super) async fn keep(library: &FileStorage, by: UserId, room: RoomId, content: &[u8]) -> Result<File, StoreError> {
    keep_with(library, by, room, content, Preview::default()).await
}

pub(super) async fn keep_with(
    library: &FileStorage,
    by: UserId,
    room: RoomId,
    content: &[u8],
    preview: Preview,
) -> Result<File, StoreError> {
    let mut upload = library.begin_upload().expect("begun");
    upload.write(content).expect("written");
    let name = FileName::parse("a.txt").expect("a name");
    library.keep(by, room, name, upload.finish().expect("durable"), preview).await
}

/// How many contents there are, and uploads on their way.
fn contents(directory: &Path) -> usize {
    let directories = std::fs::read_dir(directory).expect("a directory");
    directories.map(|inside| std::fs::read_dir(inside.expect("there").path()).expect("a directory").count()).sum()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

on_both_databases! {
    async fn uploads_that_no_message_took_are_removed(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let attached = keep(&library, ada, room, b"attached").await.expect("kept");
        let waiting = keep(&library, ada, room, b"waiting").await.expect("kept");
        let mut with_file = draft("see", None);
        with_file.file_ids.push(attached.id);
        let posted = database.post_message(ada, room, with_file).await.expect("stored");
        assert!(matches!(posted, Posted::New { .. }));
        assert_eq!(library.remove_orphans().await, Ok(0), "it waits for a day");
        assert_eq!(contents(directory.path()), 2);
        let removed = library.remove_uploads_before(Timestamp(i64::MAX)).await;
        assert_eq!((removed, contents(directory.path())), (Ok(1), 1));
        assert_eq!(database.file(ada, waiting.id).await, Err(StoreError::Refused(Refusal::FileNotFound)));
        let stored = database.file(ada, attached.id).await.expect("still there");
        assert!(library.read(&stored).is_ok());
    }

    async fn a_content_whose_row_was_not_written_is_removed(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let (ada, eve) = (database.sign_up("ada").await, database.sign_up("eve").await);
        let room = database.open_room(ada, &[]).await;
        let refused = keep(&library, eve, room, b"content").await;
        assert_eq!((refused, contents(directory.path())), (Err(StoreError::Refused(Refusal::NotAMember)), 1));
        library.remove_unused().await.expect("looked at");
        assert_eq!(contents(directory.path()), 0);
    }

    async fn a_content_that_is_used_again_is_not_removed(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let (ada, eve) = (database.sign_up("ada").await, database.sign_up("eve").await);
        let room = database.open_room(ada, &[]).await;
        keep(&library, eve, room, b"content").await.expect_err("refused");
        let kept = keep(&library, ada, room, b"content").await.expect("kept");
        library.remove_unused().await.expect("looked at");
        assert!(library.read(&database.file(ada, kept.id).await.expect("there")).is_ok());
        assert_eq!(contents(directory.path()), 1);
    }

    async fn contents_of_which_the_database_knows_nothing_are_removed(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let known = [keep(&library, ada, room, b"one").await.expect("kept"), keep(&library, ada, room, b"two").await.expect("kept")];
        database.run_sql("DELETE FROM file_removals").await;
        // As a backup leaves it that was made while somebody uploaded.
        let stray = "ab".repeat(32);
        fs::create_dir_all(directory.path().join("ab")).expect("made");
        for name in [&stray, &format!("{stray}.thumbnail"), "notes.txt"] {
            fs::write(directory.path().join("ab").join(name), "somebody's").expect("written");
        }
        library.remove_orphans().await.expect("looked at");
        let left: Vec<_> = fs::read_dir(directory.path().join("ab")).expect("there").map(|entry| entry.expect("there").file_name()).collect();
        assert_eq!(left, ["notes.txt"], "what is no content is not ours to remove");
        for file in known {
            assert!(library.read(&database.file(ada, file.id).await.expect("there")).is_ok());
        }
    }

    async fn uploads_that_a_crash_cut_off_are_gone_at_the_next_start(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let upload = library.begin_upload().expect("begun");
        std::mem::forget(upload);
        assert_eq!(contents(directory.path()), 1);
        FileStorage::open((*database).clone(), directory.path()).expect("opens again");
        assert_eq!(contents(directory.path()), 0);
    }

    async fn a_message_that_goes_takes_its_files_and_its_place_in_the_index_along(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let mut with_file = draft("see", None);
        with_file.file_ids.push(keep(&library, ada, room, b"attached").await.expect("kept").id);
        database.post_message(ada, room, with_file).await.expect("stored");
        database.run_sql("DELETE FROM events; DELETE FROM messages").await;
        library.remove_unused().await.expect("looked at");
        assert_eq!(contents(directory.path()), 0);
        let indexed = database.read(|connection| {
            let count = "SELECT count(*) AS count FROM message_search";
            Ok(diesel::sql_query(count).get_result::<Count>(connection)?.count)
        });
        assert_eq!(indexed.await, Ok(0));
    }
}
