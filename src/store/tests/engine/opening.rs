//! Opening: restarts, wrong files, wrong servers, several processes at once.

use std::path::Path;
use std::thread;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::store::{DatabaseUrl, OpenError, Store};

use crate::store::tests::database::OPTIONS;
use crate::store::tests::{TestDatabase, on_both_databases};

on_both_databases! {
    async fn what_was_stored_is_there_after_a_restart(database: &TestDatabase) {
        let ada = database.sign_up("ada").await;
        let room = database.open_room(ada, &[]).await;
        let message = database.post(ada, room, "hello").await.expect("stored");
        let log = database.events_after(ada, room, crate::domain::Seq(0), 10, 10).await.expect("readable");
        database.close().await;
        let store = database.open_again();
        assert_eq!(store.ready().await, Ok(()));
        assert_eq!(store.message(ada, room, message.id).await, Ok(message));
        assert_eq!(store.events_after(ada, room, crate::domain::Seq(0), 10, 10).await, Ok(log));
    }

    async fn a_database_of_a_newer_version_is_left_alone(database: &TestDatabase) {
        database.run_sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')").await;
        let refused = Store::open(&database.url, &OPTIONS).err();
        assert!(matches!(refused, Some(OpenError::Newer(ref version)) if version == "99990101000000"), "{refused:?}");
    }
}

fn sqlite(path: &Path) -> Result<Store, OpenError> {
    Store::open(&DatabaseUrl::Sqlite(path.to_owned()), &OPTIONS)
}

#[test]
fn several_processes_that_start_at_once_migrate_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("hubbub.db");
    let opened: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| sqlite(&path).map(drop))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for outcome in opened {
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notes.txt");
    let notes = "These are my notes. ".repeat(100);
    std::fs::write(&path, &notes).expect("written");
    let refused = sqlite(&path).map(drop).expect_err("no database").to_string();
    assert!(refused.contains("notes.txt") && refused.contains("not a database"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).expect("readable"), notes);
}

#[test]
fn another_programs_database_is_refused_and_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("browser.db");
    let mut other = SqliteConnection::establish(&path.display().to_string()).expect("it opens");
    other.batch_execute("CREATE TABLE bookmarks (url TEXT)").expect("a table is made");
    drop(other);
    let before = std::fs::read(&path).expect("readable");
    let refused = sqlite(&path).map(drop).expect_err("somebody else's");
    assert!(matches!(refused, OpenError::Foreign(_)), "{refused:?}");
    assert_eq!(std::fs::read(&path).expect("readable"), before);
}

#[test]
fn a_place_without_a_directory_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    for path in [directory.path().join("missing/hubbub.db"), directory.path().to_owned()] {
        let refused = sqlite(&path).map(drop).expect_err("no file can be there").to_string();
        assert!(refused.contains(&path.display().to_string()), "{refused}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_reported_without_its_password() {
    let url: DatabaseUrl = "postgres://hubbub:secret@127.0.0.1:1/hubbub".parse().expect("valid");
    let refused = Store::open(&url, &OPTIONS).map(drop).expect_err("nobody listens there").to_string();
    assert!(refused.contains("Postgres") && !refused.contains("secret"), "{refused}");
}

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn a_url_that_wants_tls_is_told_how_to_build_a_program_that_can() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let url: DatabaseUrl = format!("postgres://127.0.0.1:1/hubbub?sslmode={mode}").parse().expect("valid");
        let refused = Store::open(&url, &OPTIONS).map(drop).expect_err("it cannot").to_string();
        assert!(refused.contains("--features postgres-tls"), "{mode}: {refused}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::sqlite();
    database.sign_up("ada").await;
    let DatabaseUrl::Sqlite(path) = &database.url else { unreachable!("made on SQLite") };
    for suffix in ["", "-wal"] {
        let file = format!("{}{suffix}", path.display());
        let mode = std::fs::metadata(&file).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}: {mode:o}");
    }
}

#[tokio::test]
async fn the_embedded_sqlite_is_built_as_the_store_counts_on() {
    let database = TestDatabase::sqlite();
    let options = database
        .read(|connection| {
            let sql = "SELECT compile_options AS option FROM pragma_compile_options";
            Ok(diesel::sql_query(sql).load::<CompileOption>(connection)?)
        })
        .await
        .expect("options");
    assert!(options.iter().any(|option| option.option == "ENABLE_QPSG"), ".cargo/config.toml sets it: {options:?}");
}

#[derive(Debug, diesel::QueryableByName)]
struct CompileOption {
    #[diesel(sql_type = diesel::sql_types::Text)]
    option: String,
}
