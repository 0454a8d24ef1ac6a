//! The export: everything, or what belongs to one room or one person.

use crate::domain::{FileId, Username};
use crate::store::{ExportItem, ExportScope, ExportedFile, FileStorage, Snapshot};

use crate::store::tests::database::draft;
use crate::store::tests::files::keep;
use crate::store::tests::{TestDatabase, on_both_databases};

fn exported(database: &TestDatabase, scope: &ExportScope) -> Vec<ExportItem> {
    let mut items = Vec::new();
    let mut snapshot = Snapshot::open(&database.url).expect("opens");
    let exported = snapshot.export(scope, &mut |item| {
        items.push(item);
        Ok(())
    });
    exported.expect("exported");
    items
}

fn files(items: Vec<ExportItem>) -> Vec<ExportedFile> {
    let files = items.into_iter().filter_map(|item| match item {
        ExportItem::File(file) => Some(file),
        _ => None,
    });
    files.collect()
}

on_both_databases! {
    async fn files_are_exported_with_what_they_belong_to(database: &TestDatabase) {
        let directory = tempfile::tempdir().expect("a directory");
        let library = FileStorage::open((*database).clone(), directory.path()).expect("opens");
        let (ada, bob) = (database.sign_up("ada").await, database.sign_up("bob").await);
        let (lobby, attic) = (database.open_room(ada, &[bob]).await, database.open_room(bob, &[]).await);
        let posted = keep(&library, ada, lobby, b"posted").await.expect("kept");
        let waiting = keep(&library, ada, lobby, b"waiting").await.expect("kept");
        let elsewhere = keep(&library, bob, attic, b"elsewhere").await.expect("kept");
        let mut with_file = draft("see", None);
        with_file.file_ids.push(posted.id);
        database.post_message(ada, lobby, with_file).await.expect("stored");

        let all = files(exported(database, &ExportScope::All));
        let ids = |files: &[ExportedFile]| files.iter().map(|file| file.file.id).collect::<Vec<FileId>>();
        assert_eq!(ids(&all), [posted.id, waiting.id, elsewhere.id]);
        assert_eq!((&all[0].file, all[0].room_id, all[0].uploader.id), (&posted, lobby, ada));
        assert!(all[0].message_id.is_some() && all[1].message_id.is_none());
        assert_eq!(std::fs::read(directory.path().join(all[0].hash.path())).expect("there"), b"posted");
        // What waits is still its uploader's own.
        assert_eq!(ids(&files(exported(database, &ExportScope::Room(lobby)))), [posted.id]);
        let of_bob = ExportScope::User(Username::parse("bob").expect("a name"));
        assert_eq!(ids(&files(exported(database, &of_bob))), [elsewhere.id]);
    }
}
