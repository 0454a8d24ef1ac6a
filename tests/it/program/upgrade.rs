//! An instance of the first release, opened by this version. The database in `tests/fixtures/first-release` was made by the
//! program as it was at commit b10878f, over its HTTP API, on both databases.

use std::fs;
use std::path::Path;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::database::PostgresSchema;
use crate::support::person::{Answer, Person};
use crate::support::process::ServerProcess;
use crate::support::settings::PASSWORD;

const SQLITE: &str = include_str!("../../fixtures/first-release/sqlite.sql");
const POSTGRES: &str = include_str!("../../fixtures/first-release/postgres.sql");
/// Where the first release put the content of `notes.txt`.
const CONTENT: &str = "files/f3/f30ac2b5a20b28a0d9c367c2efb6369bc02fbe48604e4473b3c9fe259483f912";
/// Its API tokens, one of each database.
const TOKENS: [&str; 2] =
    ["hub_CcOes_LvQunTnylpe0nvMCk5W9VzmsC5YYPnNEo_D94", "hub_xiLQ_MXYmgMxL6bvaPS_EK0bHp_tF7YnuBm-hVJOgsE"];

/// A data directory of the first release, without a database.
fn data_dir() -> TempDir {
    let data_dir = tempfile::tempdir().expect("a directory");
    let content = data_dir.path().join(CONTENT);
    fs::create_dir_all(content.parent().expect("a directory")).expect("made");
    fs::write(content, "my notes").expect("written");
    data_dir
}

/// What `hubbub COMMAND` prints.
fn hubbub(data_dir: &Path, command: &[&str], database_url: Option<&str>) -> String {
    let mut process = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    process.args(command).arg("--data-dir").arg(data_dir).env_remove("HUBBUB_DATABASE_URL");
    if let Some(url) = database_url {
        process.args(["--database-url", url]);
    }
    let output = process.output().expect("it runs");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn found(person: &Person, query: &str) -> usize {
    let answer = person.get(&format!("/api/v1/search?q={query}")).await.expect(200);
    ["items", "documents"].iter().filter_map(|list| answer.json[*list].as_array()).map(Vec::len).sum()
}

async fn everything_is_there(data_dir: &Path, database_url: Option<&str>, token: &str) {
    let migrated = hubbub(data_dir, &["migrate"], database_url);
    assert!(!migrated.contains("hubbub:"), "{migrated}");
    let database = database_url.map_or(Vec::new(), |url| vec!["--database-url", url]);
    let mut program = ServerProcess::start_on(data_dir, &database);
    let stranger = Person::stranger(&program);
    let sign_in = async |username: &str| {
        // Each in a browser of their own: signing in ends the session that the browser had.
        let stranger = Person::stranger(&program);
        let session = stranger.post("/api/v1/session", &json!({"username": username, "password": PASSWORD})).await;
        stranger.with_token(&session.expect(200).string("/access_token"))
    };
    let (ada, grace) = (sign_in("ada").await, sign_in("grace").await);
    assert_eq!(ada.get("/api/v1/me").await.expect(200).string("/role"), "administrator");
    assert_eq!(stranger.with_token(token).get("/api/v1/me").await.expect(200).string("/username"), "ada");

    let history = ada.get("/api/v1/rooms/1/messages").await.expect(200);
    let items = history.json["items"].as_array().expect("a list");
    assert_eq!(items.len(), 7);
    assert_eq!(items[3]["body"], "after the edit: rightword");
    assert!(items[4]["deleted_at"].is_string(), "{}", items[4]);
    let html = |item: &Value| item["html"].as_str().expect("HTML").to_owned();
    assert!(html(&items[2]).contains("<a href=\"https://example.org/?a=1&amp;b=2\""), "rendered anew: {}", items[2]);
    assert_eq!(ada.bodies(2).await, ["only in the attic"]);
    for (query, times) in
        [("rightword", 1), ("wrongword", 0), ("forgottenword", 0), ("budgetword", 1), ("Gr%C3%BC%C3%9Fe", 1)]
    {
        assert_eq!(found(&ada, query).await, times, "{query}");
    }
    assert_eq!((found(&ada, "attic").await, found(&grace, "attic").await), (1, 0), "grace is not in that room");
    assert_eq!(Answer::of(ada.request(Method::GET, "/api/v1/files/1")).await.expect(200).text, "my notes");
    assert!(ada.get("/api/v1/documents/1/text").await.expect(200).text.contains("budgetword"));

    let said = ada.say(1, "after the upgrade").await;
    let log = grace.get("/api/v1/rooms/1/events?after=0&limit=100").await.expect(200);
    let events = log.json["items"].as_array().expect("a list");
    assert_eq!(events.last().map(|event| &event["message"]["id"]), Some(&said["id"]));
    assert!(events.iter().zip(1..).all(|(event, seq)| event["seq"] == seq), "no gap: {}", log.text);
    program.terminate().await;
    assert_eq!(hubbub(data_dir, &["check"], database_url), "Everything agrees.\n");
}

#[actix_web::test]
async fn an_instance_of_the_first_release_works_after_the_upgrade_on_sqlite() {
    let data_dir = data_dir();
    let database = data_dir.path().join("hubbub.sqlite3");
    let mut connection = SqliteConnection::establish(database.to_str().expect("UTF-8")).expect("it opens");
    connection.batch_execute(SQLITE).expect("the dump runs");
    drop(connection);
    everything_is_there(data_dir.path(), None, TOKENS[0]).await;
    // The way back is a backup; one of the upgraded instance has no word of what was deleted before.
    let archive = data_dir.path().join("backup.tar");
    hubbub(data_dir.path(), &["backup", archive.to_str().expect("UTF-8")], None);
    let bytes = fs::read(&archive).expect("written");
    for word in ["forgottenword", "wrongword"] {
        assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word} is in the backup");
    }
}

#[actix_web::test]
async fn an_instance_of_the_first_release_works_after_the_upgrade_on_postgres() {
    let Some(schema) = PostgresSchema::create() else { return };
    let data_dir = data_dir();
    let mut connection = PgConnection::establish(&schema.url()).expect("the server answers");
    connection.batch_execute(POSTGRES).expect("the dump runs");
    drop(connection);
    everything_is_there(data_dir.path(), Some(&schema.url()), TOKENS[1]).await;
}

#[actix_web::test]
async fn a_database_of_a_later_version_is_refused_and_not_changed() {
    let data_dir = tempfile::tempdir().expect("a directory");
    hubbub(data_dir.path(), &["migrate"], None);
    super::maintenance::run_sql(
        data_dir.path(),
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000001')",
    );
    for command in ["migrate", "check"] {
        let said = hubbub(data_dir.path(), &[command], None);
        assert!(said.contains("99990101000001"), "{command}: {said}");
    }
}
