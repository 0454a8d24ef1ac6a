use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use hubbub::maintenance::{self, Backup, BackupReport, ContentCheck, DatabaseUrl, ExportOptions, ExportScope};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::settings::PASSWORD;

pub(crate) fn database(data_dir: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(data_dir.join("hubbub.sqlite3"))
}

/// Where the contents of files are.
pub(crate) fn files(data_dir: &Path) -> PathBuf {
    data_dir.join("files")
}

/// Backs an instance up into an archive that does not exist.
fn back_up(data_dir: &Path, archive: &Path) -> BackupReport {
    let (url, contents) = (database(data_dir), files(data_dir));
    maintenance::backup(&Backup { url: &url, data_dir, contents: &contents }, archive, false).expect("backed up")
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
    let (data_dir, to) = (server.data_dir().to_owned(), archive.clone());
    let report = actix_web::rt::task::spawn_blocking(move || back_up(&data_dir, &to)).await.expect("no panic");
    assert_eq!((report.left_out, report.damage), (0, Vec::new()));
    more.await.expect("no panic");
    assert_eq!(fs::metadata(&archive).expect("there").len(), report.bytes);
    let left: Vec<_> = fs::read_dir(elsewhere.path()).expect("readable").collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let restored = elsewhere.path().join("restored");
    maintenance::restore(&archive, &restored).expect("restored");
    assert_eq!(maintenance::check(&database(&restored), &files(&restored), ContentCheck::Bytes).expect("readable"), []);
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
async fn a_new_backup_has_no_word_of_what_was_deleted_or_edited_away() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let gone = ada.say(room, "qzxdeleted").await["id"].as_i64().expect("an id");
    let changed = ada.say(room, "vjkedited").await["id"].as_i64().expect("an id");
    ada.say(room, "wyxkept").await;
    ada.delete(&format!("/api/v1/rooms/{room}/messages/{gone}")).await.expect(200);
    ada.patch(&format!("/api/v1/rooms/{room}/messages/{changed}"), &json!({"body": "other"})).await.expect(200);
    let elsewhere = tempfile::tempdir().expect("a directory");
    let archive = elsewhere.path().join("backup.tar");
    back_up(server.data_dir(), &archive);
    let bytes = fs::read(&archive).expect("readable");
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(holds("wyxkept"));
    assert!(!holds("zxdeleted") && !holds("jkedited"), "the words of removed messages are in the backup");
    let restored = elsewhere.path().join("restored");
    maintenance::restore(&archive, &restored).expect("restored");
    assert_eq!(maintenance::check(&database(&restored), &files(&restored), ContentCheck::Bytes).expect("readable"), []);
}

#[actix_web::test]
async fn a_backup_that_was_cut_off_or_changed_is_not_restored() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let elsewhere = tempfile::tempdir().expect("a directory");
    let (archive, restored) = (elsewhere.path().join("backup.tar"), elsewhere.path().join("restored"));
    back_up(server.data_dir(), &archive);
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
    back_up(server.data_dir(), &archive);
    maintenance::restore(&archive, &restored).expect("restored");
    assert_eq!(maintenance::check(&database(&restored), &files(&restored), ContentCheck::Bytes).expect("readable"), []);
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

/// A room with two files; answers their ids, and where the content of the first is.
async fn with_two_files(server: &Server) -> ([i64; 2], PathBuf) {
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let path = format!("/api/v1/rooms/{room}/files?name=notes.txt");
    let mut ids = [0; 2];
    for (id, content) in ids.iter_mut().zip(["the first", "the second"]) {
        *id = ada.post_raw(&path, "text/plain", content).await.expect(201).number("/id");
    }
    let digest = hex::encode(Sha256::digest("the first"));
    (ids, files(server.data_dir()).join(&digest[..2]).join(digest))
}

#[actix_web::test]
async fn a_check_reads_every_byte_of_a_file_and_a_fast_one_its_length() {
    let server = Server::start().await;
    let ([first, _], content) = with_two_files(&server).await;
    fs::write(&content, "the FIRST").expect("written");
    let closely = hubbub(server.data_dir(), &["check"]);
    let finding = format!("file {first}: its content was changed: its SHA-256 is another\n");
    assert_eq!((closely.status.code(), text(&closely.stdout)), (Some(1), finding));
    assert_eq!(text(&hubbub(server.data_dir(), &["check", "--fast"]).stdout), "Everything agrees.\n");
}

#[actix_web::test]
async fn a_check_finds_html_that_is_not_of_its_text_and_goes_on_after_what_it_cannot_read() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    ada.say(room, "**one**").await;
    let id = ada.say(room, "two").await["id"].as_i64().expect("an id");
    run_sql(server.data_dir(), &format!("UPDATE messages SET html = '<p>else</p>' WHERE id = {id}"));
    let finding = format!("message {id}: its html is not what its text renders to\n");
    assert_eq!(text(&hubbub(server.data_dir(), &["check"]).stdout), finding);
    // What is not text cannot be read; as little as a damaged page.
    run_sql(server.data_dir(), "UPDATE memberships SET read_number = 99; DROP TABLE webhook_deliveries");
    let output = text(&hubbub(server.data_dir(), &["check"]).stdout);
    assert!(output.contains("cannot be checked: delivery {}") && output.contains(&finding), "{output}");
    assert!(output.contains(&format!("room {room}: a member has read")), "{output}");
}

#[actix_web::test]
async fn a_backup_tells_what_it_copied_damaged_and_what_it_left_out() {
    let server = Server::start().await;
    let ([first, second], content) = with_two_files(&server).await;
    let elsewhere = tempfile::tempdir().expect("a directory");
    let archive = elsewhere.path().join("backup.tar");
    let came = content.with_file_name("0".repeat(64));
    fs::write(&came, "came meanwhile").expect("written");
    let file = archive.to_str().expect("UTF-8").to_owned();
    let fine = hubbub(server.data_dir(), &["backup", &file]);
    assert_eq!(fine.status.code(), Some(0), "{}", text(&fine.stderr));
    assert!(text(&fine.stdout).contains("1 contents that no file"), "{}", text(&fine.stdout));
    let restored = elsewhere.path().join("restored");
    maintenance::restore(&archive, &restored).expect("restored");
    assert_eq!(maintenance::check(&database(&restored), &files(&restored), ContentCheck::Bytes).expect("readable"), []);

    let whole = fs::read(&archive).expect("readable");
    let refused = hubbub(server.data_dir(), &["backup", &file]);
    assert!(
        refused.status.code() == Some(1) && text(&refused.stderr).contains("--replace"),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(fs::read(&archive).expect("readable"), whole);

    fs::write(&content, "the FIRST").expect("written");
    run_sql(server.data_dir(), "UPDATE rooms SET message_count = 7");
    let damaged = hubbub(server.data_dir(), &["backup", &file, "--replace"]);
    let said = text(&damaged.stderr);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(
        said.contains(&format!("file {first}: its content was changed")) && said.contains("room 1: the messages'"),
        "{said}"
    );
    assert!(!said.contains(&format!("file {second}:")), "{said}");
    assert_ne!(fs::read(&archive).expect("readable"), whole, "all the rest is in it");
}

#[actix_web::test]
async fn a_restore_fills_an_empty_disk_and_follows_a_link() {
    let server = Server::start().await;
    server.sign_up("ada").await;
    let elsewhere = tempfile::tempdir().expect("a directory");
    let place = |name: &str| elsewhere.path().join(name);
    back_up(server.data_dir(), &place("backup.tar"));
    // As a disk that was just made: a directory that cannot be replaced, with the file system's own in it.
    fs::create_dir_all(place("disk/lost+found")).expect("made");
    let before = fs::metadata(place("disk")).expect("there").ino();
    symlink(place("disk"), place("to-the-disk")).expect("linked");
    symlink("not-yet", place("to-nothing")).expect("linked");
    for (link, behind) in [("to-the-disk", "disk"), ("to-nothing", "not-yet")] {
        maintenance::restore(&place("backup.tar"), &place(link)).expect("restored");
        let behind = place(behind);
        assert!(fs::symlink_metadata(place(link)).expect("there").is_symlink());
        assert_eq!(maintenance::check(&database(&behind), &files(&behind), ContentCheck::Bytes).expect("readable"), []);
        let hidden = fs::read_dir(&behind).expect("readable").filter_map(Result::ok);
        assert!(hidden.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with('.')));
        let refused = maintenance::restore(&place("backup.tar"), &place(link)).expect_err("not empty");
        assert!(refused.to_string().contains("is not empty"), "{refused}");
    }
    assert_eq!(fs::metadata(place("disk")).expect("there").ino(), before, "the directory itself stays");
}

#[actix_web::test]
async fn a_database_that_is_gone_beside_its_keys_or_files_is_no_first_start() {
    let mut server = Server::start().await;
    let (_, content) = with_two_files(&server).await;
    server.restart().await;
    let data_dir = tempfile::tempdir().expect("a directory");
    let copy = |name: &str| {
        fs::copy(server.data_dir().join(name), data_dir.path().join(name)).expect("copied");
    };
    copy("token-keys.json");
    let refused = |evidence: &str| {
        for command in ["serve", "migrate"] {
            let mut arguments = vec![command];
            if command == "serve" {
                arguments.extend(["--listen", "127.0.0.1:0"]);
            }
            let output = hubbub(data_dir.path(), &arguments);
            let said = text(&output.stderr);
            assert!(!output.status.success() && said.contains("is gone") && said.contains(evidence), "{said}");
            assert!(said.contains("hubbub restore"), "{said}");
            assert!(!data_dir.path().join("hubbub.sqlite3").exists());
        }
    };
    refused("token-keys.json");
    fs::remove_file(data_dir.path().join("token-keys.json")).expect("removed");
    let kept = data_dir.path().join(content.strip_prefix(server.data_dir()).expect("within"));
    fs::create_dir_all(kept.parent().expect("a directory")).expect("made");
    fs::write(&kept, "the first").expect("written");
    refused("/files/");
    // A first start that was broken off leaves the app's credentials alone.
    fs::remove_dir_all(data_dir.path().join("files")).expect("removed");
    fs::write(data_dir.path().join("socket-app.json"), "{}").expect("written");
    assert!(hubbub(data_dir.path(), &["migrate"]).status.success());
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
pub(crate) fn run_sql(data_dir: &Path, sql: &str) {
    let path = data_dir.join("hubbub.sqlite3").display().to_string();
    let mut connection = SqliteConnection::establish(&path).expect("it opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("set");
    connection.batch_execute(sql).expect("it runs");
}
