//! The command line, against a real server.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::{APP_KEY, APP_SECRET, DEADLINE};
use crate::support::socket::Socket;

/// `hubbub` with nothing of the tester's own environment.
fn hubbub(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    let directory = std::env::temp_dir();
    command.args(arguments).env_clear().current_dir(directory).kill_on_drop(true);
    command
}

/// `hubbub` that speaks to the server's own app.
fn hubbub_at(server: &Server, arguments: &[&str]) -> Command {
    let mut command = hubbub(arguments);
    command.env("HUBBUB_SERVER", format!("pusher://{APP_KEY}:{APP_SECRET}@{}/apps/1", server.address()));
    command
}

/// What a command that ends printed: its code, its output, its complaints.
async fn run(command: &mut Command) -> (i32, String, String) {
    let output = timeout(DEADLINE, command.stdin(Stdio::null()).output()).await.expect("in time").expect("started");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code().expect("a code"), text(&output.stdout), text(&output.stderr))
}

/// A listener that has joined its channels.
async fn listening(command: &mut Command, channels: usize) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut notes = BufReader::new(child.stderr.take().expect("piped")).lines();
    for _ in 0..channels {
        let note = timeout(DEADLINE, notes.next_line()).await.expect("in time").expect("readable").expect("a line");
        assert!(note.starts_with("hubbub: listening to "), "{note}");
    }
    (child, notes)
}

async fn lines_of(child: Child) -> Vec<Value> {
    let output = timeout(DEADLINE, child.wait_with_output()).await.expect("in time").expect("ended");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[actix_web::test]
async fn what_one_triggers_another_hears_as_a_line_of_json() {
    let server = Server::start().await;
    let channels = ["cache-score", "private-a", "presence-a"];
    let arguments = [&["listen", "--count", "3", "--user-id", "7"][..], &channels].concat();
    // An empty cache channel is an event too.
    let (child, _notes) = listening(&mut hubbub_at(&server, &arguments), 3).await;
    let trigger = ["trigger", "private-a", "scored", r#"{"home": 1}"#];
    assert_eq!(run(&mut hubbub_at(&server, &trigger)).await, (0, String::new(), String::new()));
    run(&mut hubbub_at(&server, &["trigger", "presence-a", "said", "no JSON"])).await;
    let lines = lines_of(child).await;
    assert_eq!(lines[0]["event"], "pusher:cache_miss");
    assert_eq!(lines[1], json!({"channel": "private-a", "event": "scored", "data": {"home": 1}}));
    assert_eq!(lines[2], json!({"channel": "presence-a", "event": "said", "data": "no JSON"}));
}

#[actix_web::test]
async fn data_comes_from_standard_input_and_a_socket_can_be_left_out() {
    let server = Server::start().await;
    let (mut left_out, mut socket) = (Socket::open(&server).await, Socket::open(&server).await);
    left_out.subscribe("c", None).await;
    socket.subscribe("c", None).await;
    let mut command = hubbub_at(&server, &["trigger", "c", "e", "-", "--socket-id", &left_out.id]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("started");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(b"[1,\n2]\n").await.expect("written");
    drop(input);
    assert!(child.wait().await.expect("ended").success());
    assert_eq!(socket.next_text().await, r#"{"event":"e","channel":"c","data":"[1,\n2]"}"#);
    left_out.expect_silence().await;
}

#[actix_web::test]
async fn without_a_server_it_is_the_one_of_the_data_directory() {
    let server = Server::start_with(|config| {
        (config.socket.app_id, config.socket.app_key, config.socket.app_secret) = (None, None, None);
    })
    .await;
    let directory = server.data_dir().to_str().expect("UTF-8");
    let address = server.address().to_string();
    let arguments = ["trigger", "c", "e", "1", "--data-dir", directory, "--listen", &address];
    assert_eq!(run(&mut hubbub(&arguments)).await.0, 0);
    let (code, listed, _) = run(&mut hubbub(&["apps", "list", "--data-dir", directory])).await;
    assert_eq!((code, listed.lines().count()), (0, 2), "{listed}");
    let nowhere = ["trigger", "c", "e", "1", "--data-dir", "/nowhere"];
    let (code, _, error) = run(&mut hubbub(&nowhere)).await;
    assert!(code == 1 && error.contains("/nowhere"), "{error}");
}

#[actix_web::test]
async fn what_fails_ends_with_1_and_says_why_and_nonsense_with_2() {
    let server = Server::start().await;
    let failures = [
        (hubbub_at(&server, &["trigger", "no such channel", "e", "1"]), "400"),
        (hubbub_at(&server, &["listen", "no such channel"]), "refused"),
        (hubbub_at(&server, &["trigger", "c", "e", &"x".repeat(10_241)]), "HUBBUB_MAX_EVENT_DATA_BYTES"),
    ];
    let liar = format!("pusher://{APP_KEY}:guessed@{}/apps/1", server.address());
    let stranger = format!("pusher://nobody:guessed@{}/apps/1", server.address());
    let liars = [
        (hubbub(&["trigger", "c", "e", "1", "--server", &liar]), "401"),
        (hubbub(&["listen", "private-a", "--server", &liar]), "AuthError"),
        (hubbub(&["listen", "c", "--server", &stranger]), "4001"),
        (hubbub(&["trigger", "c", "e", "1", "--server", "pusher://k:s@127.0.0.1:1/apps/1"]), "cannot be reached"),
        (hubbub(&["listen", "c", "--server", "pusher://k:s@127.0.0.1:1/apps/1"]), "cannot be reached"),
        (hubbub(&["listen", "c", "--server", "http://127.0.0.1"]), "HUBBUB_SERVER"),
    ];
    for (mut command, part) in failures.into_iter().chain(liars) {
        let (code, output, error) = run(&mut command).await;
        assert_eq!((code, output.as_str()), (1, ""), "{error}");
        assert!(error.contains(part) && !error.contains("guessed") && error.starts_with("hubbub: "), "{error}");
    }
    for nonsense in
        [&["trigger", "c"][..], &["listen"], &["apps"], &["apps", "remove"], &["listen", "c", "--count", "x"]]
    {
        assert_eq!(run(&mut hubbub(nonsense)).await.0, 2, "{nonsense:?}");
    }
}

#[actix_web::test]
async fn a_new_app_goes_into_the_file_and_works_after_a_reload() {
    let server = Server::start_with(|config| crate::sockets::write_apps(config, "")).await;
    let file = server.data_dir().join("apps.toml");
    let path = file.to_str().expect("UTF-8");
    let mut text = String::new();
    for id in ["2", "3"] {
        let (code, entry, _) = run(&mut hubbub(&["apps", "new", "--apps-file", path])).await;
        assert!(code == 0 && entry.contains(&format!("id = \"{id}\"")), "{entry}");
        text += &entry;
        std::fs::write(&file, &text).expect("written");
    }
    server.reload().expect("valid");
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).expect("there");
        line.split('"').nth(1).expect("quoted").to_owned()
    };
    Publisher::new(&server, "2", &value("key"), &value("secret")).publish("c", "e", "1").await;
    let (_, listed, _) = run(&mut hubbub(&["apps", "list", "--apps-file", path, "--data-dir", "/nowhere"])).await;
    assert!(listed.contains(&value("key")) && !listed.contains(&value("secret")), "{listed}");
}

#[actix_web::test]
async fn a_listener_comes_back_to_a_server_that_was_away() {
    let mut server = Server::start_with(|config| config.listen = free_address()).await;
    let (child, mut notes) = listening(&mut hubbub_at(&server, &["listen", "c", "--count", "1"]), 1).await;
    server.restart().await;
    let back = async {
        while let Some(note) = notes.next_line().await.expect("readable") {
            if note == "hubbub: listening to c" {
                return;
            }
        }
        panic!("the listener ended");
    };
    timeout(DEADLINE, back).await.expect("in time");
    Publisher::of(&server).publish("c", "e", "1").await;
    assert_eq!(lines_of(child).await[0]["event"], "e");
}

/// An address that was free a moment ago, for a server that must come back to it.
fn free_address() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

#[actix_web::test]
async fn a_new_app_is_written_into_a_file_that_its_owner_alone_can_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("apps.toml");
    let file = path.to_str().expect("UTF-8");
    for number in ["2", "3"] {
        let (code, said, _) = run(&mut hubbub(&["apps", "new", "--apps-file", file, "--write"])).await;
        let text = std::fs::read_to_string(&path).expect("written");
        let secret = text.lines().rev().find_map(|line| line.strip_prefix("secret = ")).expect("a secret");
        assert!(
            code == 0 && said.contains(&format!("app {number} ")) && !said.contains(secret.trim_matches('"')),
            "{said}"
        );
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let (_, listed, _) = run(&mut hubbub(&["apps", "list", "--apps-file", file, "--data-dir", "/nowhere"])).await;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let (code, _, complaint) = run(&mut hubbub(&["apps", "new", "--write"])).await;
    assert!(code != 0 && complaint.contains("--apps-file"), "{complaint}");
}

#[actix_web::test]
async fn an_event_that_no_frame_can_carry_is_refused_at_start() {
    let mut command = hubbub(&["serve", "--listen", "127.0.0.1:0", "--max-event-data-bytes", "65537"]);
    let (code, _, complaint) = run(command.env("HUBBUB_DATA_DIR", "/nowhere")).await;
    assert!(code != 0, "{complaint}");
    assert!(
        complaint.contains("HUBBUB_MAX_EVENT_DATA_BYTES") && complaint.contains("HUBBUB_MAX_FRAME_BYTES"),
        "{complaint}"
    );
}
