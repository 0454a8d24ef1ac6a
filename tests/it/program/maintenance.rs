use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use hubbub::maintenance::{self, DatabaseUrl, ExportOptions, ExportScope};
use serde_json::{Value, json};

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::settings::PASSWORD;

pub(crate) fn database(data_dir: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(data_dir.join("hubbub.sqlite3"))
}

/// Runs the program on a data directory.
fn hubbub(data_dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.args(arguments).arg("--data-dir").arg(data_dir).env_remove("HUBBUB_DATABASE_URL");
    command.output().expect("it runs")
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

async fn posting(person: Person, room: i64) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..60 {
        let body = format!("message {number}");
        person.say(room, &body).await;
        acknowledged.push(body);
    }
    acknowledged
}

#[actix_web::test]
async fn a_backup_of_a_running_server_restores_to_all_that_was_acknowledged_before_it() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let before = posting(ada.clone(), room).await;
    let path = format!("/api/v1/rooms/{room}/files?name=notes.txt");
    ada.post_raw(&path, "text/plain", "uploaded").await.expect(201);
    fs::write(server.data_dir().join("files/incoming/half"), "being received").expect("a file");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let archive = elsewhere.path().join("backup.tar");
    // Posts go on meanwhile.
    let more = actix_web::rt::spawn(posting(ada.clone(), room));
    let (url, data_dir, to) = (database(server.data_dir()), server.data_dir().to_owned(), archive.clone());
    let bytes = actix_web::rt::task::spawn_blocking(move || maintenance::backup(&url, &data_dir, &to));
    let bytes = bytes.await.expect("no panic").expect("backed up");
    more.await.expect("no panic");
    assert_eq!(fs::metadata(&archive).expect("there").len(), bytes);
    let left: Vec<_> = fs::read_dir(elsewhere.path()).expect("readable").collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let restored = elsewhere.path().join("restored");
    maintenance::restore(&archive, &restored).expect("restored");
    assert_eq!(maintenance::check(&database(&restored), &restored).expect("readable"), []);
    assert!(!restored.join("files/incoming").exists());
    let second = Server::start_with(|config| config.data_dir = restored.clone()).await;
    let mut again = ada.clone();
    again.move_to(&second);
    // The keys came along: the token is still good.
    let answer = again.get(&format!("/api/v1/rooms/{room}/messages?limit=200")).await.expect(200);
    let bodies: Vec<_> = answer.json["items"].as_array().expect("a list").iter().map(|item| &item["body"]).collect();
    assert_eq!(
        bodies[..before.len()],
        before.iter().map(|body| json!(body)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    again.say(room, "life goes on").await;
}

#[actix_web::test]
async fn a_backup_that_was_cut_off_or_changed_is_not_restored() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let elsewhere = tempfile::tempdir().expect("a directory");
    let (archive, restored) = (elsewhere.path().join("backup.tar"), elsewhere.path().join("restored"));
    maintenance::backup(&database(server.data_dir()), server.data_dir(), &archive).expect("backed up");
    let whole = fs::read(&archive).expect("readable");
    let mut changed = whole.clone();
    changed[3_000] ^= 1;
    for (bytes, reason) in
        [(&whole[..whole.len() / 2], "cut off"), (&changed, "was changed"), (b"nonsense".as_slice(), "")]
    {
        fs::write(&archive, bytes).expect("written");
        let refused = maintenance::restore(&archive, &restored).expect_err("not whole").to_string();
        assert!(
            refused.contains("no whole backup") && (refused.contains(reason) || refused.contains("unexpected")),
            "{refused}"
        );
        assert!(!restored.exists());
    }
    fs::write(&archive, &whole).expect("written");
    fs::create_dir(&restored).expect("made");
    maintenance::restore(&archive, &restored).expect("an empty directory will do");
    let refused = maintenance::restore(&archive, &restored).expect_err("not empty");
    assert!(refused.to_string().contains("is not empty"), "{refused}");
}

#[actix_web::test]
async fn an_export_is_the_same_every_time_and_has_nothing_of_others() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let (lobby, attic) = (ada.create_room("Lobby", "open").await, grace.create_room("Attic", "closed").await);
    grace.join(lobby).await;
    ada.say(lobby, "from ada").await;
    grace.say(lobby, "from grace").await;
    grace.say(attic, "secret").await;
    let export = |arguments: &[&str]| {
        let output = hubbub(server.data_dir(), arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let all = export(&["export", "--all"]);
    assert_eq!(all, export(&["export", "--all"]));
    let lines: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().expect("a type")).collect();
    let expected =
        ["user", "user", "room", "membership", "membership", "room", "membership", "message", "message", "message"];
    assert_eq!(types, expected);
    assert!(!all.contains("argon2"), "no password's hash");
    let of_ada = export(&["export", "--user", "ada"]);
    assert!(of_ada.contains("from ada") && !of_ada.contains("from grace") && !of_ada.contains("secret"), "{of_ada}");
    let of_lobby = export(&["export", "--room", &lobby.to_string()]);
    assert!(of_lobby.contains("from grace") && !of_lobby.contains("secret"), "{of_lobby}");
    let nobody = hubbub(server.data_dir(), &["export", "--user", "nobody"]);
    assert!(
        !nobody.status.success() && text(&nobody.stderr).contains("There is no such person"),
        "{}",
        text(&nobody.stderr)
    );
    let options = ExportOptions { scope: ExportScope::All, has_content_paths: false };
    let lines = maintenance::export(&database(server.data_dir()), &options, std::io::sink());
    assert_eq!(lines.expect("exported"), 10);
}

#[actix_web::test]
async fn a_check_tells_by_its_exit_code_whether_something_is_wrong() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    ada.say(room, "hello").await;
    let fine = hubbub(server.data_dir(), &["check"]);
    assert_eq!((fine.status.code(), text(&fine.stdout).as_str()), (Some(0), "Everything agrees.\n"));
    run_sql(server.data_dir(), "UPDATE rooms SET message_count = 7");
    let broken = hubbub(server.data_dir(), &["check"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stdout).starts_with("room 1: the messages' numbers have a gap"), "{}", text(&broken.stdout));
}

#[actix_web::test]
async fn a_file_comes_back_from_a_backup_and_is_missed_when_it_does_not() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let path = format!("/api/v1/rooms/{room}/files?name=notes.txt");
    let file = ada.post_raw(&path, "text/plain", "my notes").await.expect(201).number("/id");
    let body = json!({"body": "look", "file_ids": [file]});
    ada.post(&format!("/api/v1/rooms/{room}/messages"), &body).await.expect(201);
    let elsewhere = tempfile::tempdir().expect("a directory");
    let (archive, restored) = (elsewhere.path().join("backup.tar"), elsewhere.path().join("restored"));
    maintenance::backup(&database(server.data_dir()), server.data_dir(), &archive).expect("backed up");
    maintenance::restore(&archive, &restored).expect("restored");
    assert_eq!(maintenance::check(&database(&restored), &restored).expect("readable"), []);
    let exported = hubbub(&restored, &["export", "--room", &room.to_string(), "--content-paths"]);
    let last: Value = serde_json::from_str(text(&exported.stdout).lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["type"], &last["file"]["name"]), (&json!("file"), &json!("notes.txt")));
    let content = restored.join(last["file"]["path"].as_str().expect("a path"));
    assert_eq!(fs::read_to_string(content).expect("there"), "my notes");
    let without = text(&hubbub(&restored, &["export", "--all"]).stdout);
    assert!(without.contains(r#""type":"file""#) && !without.contains(r#""path":"#), "{without}");
    fs::remove_dir_all(restored.join("files")).expect("removed");
    let missing = hubbub(&restored, &["check"]);
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(text(&missing.stdout), format!("file {file}: its content is missing\n"));
}

#[actix_web::test]
async fn the_schema_is_not_changed_under_a_running_server() {
    let server = Server::start().await;
    let refused = hubbub(server.data_dir(), &["migrate"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("another Hubbub is using it"));
    let fresh = tempfile::tempdir().expect("a directory");
    assert!(hubbub(fresh.path(), &["migrate"]).status.success());
    assert_eq!(text(&hubbub(fresh.path(), &["check"]).stdout), "Everything agrees.\n");
}

#[actix_web::test]
async fn somebody_locked_out_is_let_in_from_the_terminal() {
    let server = Server::start().await;
    let (_ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let output = hubbub(server.data_dir(), &["user", "reset-password", "grace", "--password-memory-kib", "8"]);
    let said = text(&output.stdout);
    let password = said.trim().rsplit(' ').next().expect("a password").to_owned();
    let sign_in = |password: &str| json!({"username": "grace", "password": password});
    let stranger = server.stranger();
    stranger.post("/api/v1/session", &sign_in(PASSWORD)).await.expect_problem(401, "wrong_credentials");
    let session = stranger.post("/api/v1/session", &sign_in(&password)).await.expect(200);
    assert_eq!(session.string("/user/role"), "member");
    assert!(hubbub(server.data_dir(), &["user", "make-administrator", "grace"]).status.success());
    assert_eq!(
        stranger.post("/api/v1/session", &sign_in(&password)).await.expect(200).string("/user/role"),
        "administrator"
    );
    let token = text(&hubbub(server.data_dir(), &["token", "grace"]).stdout);
    assert_eq!(grace.with_token(token.trim()).get("/api/v1/me").await.expect(200).string("/username"), "grace");
}

/// Changes a running server's database behind its back.
/// What a query finds in its column `text`.
pub(crate) fn query_texts(data_dir: &Path, sql: &str) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let file = data_dir.join("hubbub.sqlite3");
    let mut connection = SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("it opens");
    let rows: Vec<Row> = diesel::RunQueryDsl::load(diesel::sql_query(sql), &mut connection).expect("a query");
    rows.into_iter().map(|row| row.text).collect()
}

pub(crate) fn run_sql(data_dir: &Path, sql: &str) {
    let path = data_dir.join("hubbub.sqlite3").display().to_string();
    let mut connection = SqliteConnection::establish(&path).expect("it opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("set");
    connection.batch_execute(sql).expect("it runs");
}
