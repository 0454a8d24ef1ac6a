//! What is looked at when the program starts, and the names that it answers to.

use std::process::{Command, Output};

use reqwest::Method;
use serde_json::json;

use crate::support::person::{Answer, Person};
use crate::support::process::ServerProcess;
use crate::support::server::Server;
use crate::support::settings::DEADLINE;

fn serve(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.arg("serve").args(arguments).env_clear().envs(variables.iter().copied()).current_dir(directory.path());
    command.output().expect("it runs")
}

#[test]
fn a_setting_that_makes_no_sense_is_a_sentence_and_no_panic() {
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case; 6] = [
        (&[], &[("HUBBUB_METRICS_TOKEN", "")], "empty"),
        (&[], &[("HUBBUB_TOKEN_SECRET", " ")], "empty"),
        (&[], &[("HUBBUB_METRICS_TOKEN", "short")], "at least 16 characters"),
        (&["--workers", "9999"], &[], "9999 is not in 0..=1024"),
        (&["--listen", "nowhere"], &[], "HOST:PORT"),
        (&[], &[("HUBBUB_TOKEN_SECRET_FILE", "/nowhere/secret")], "HUBBUB_TOKEN_SECRET_FILE"),
    ];
    for (arguments, variables, part) in cases {
        let output = serve(arguments, variables);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(part), "{part}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn an_env_file_that_everybody_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(".env");
    std::fs::write(&path, "HUBBUB_WORKERS=9999\n").expect("written");
    let run = |mode: u32, within: &std::path::Path| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
        let output = command.args(["apps", "new"]).env_clear().current_dir(within).output().expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (is_done, said) = run(0o644, directory.path());
    assert!(!is_done && said.contains("chmod 600 .env"), "{said}");
    assert!(run(0o600, directory.path()).0);
    let below = directory.path().join("below");
    std::fs::create_dir(&below).expect("made");
    assert!(run(0o644, &below).0, "a file of a directory above is not looked at");
}

#[test]
fn secrets_in_the_data_directory_that_everybody_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    for name in ["socket-app.json", "token-keys.json"] {
        let directory = tempfile::tempdir().expect("a directory");
        drop(ServerProcess::start_on(directory.path(), &[]));
        let path = directory.path().join(name);
        if !path.exists() {
            // The tests' servers are given their app.
            std::fs::write(&path, r#"{"id":"1","key":"app-key","secret":"app-secret"}"#).expect("written");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "."]).env_clear();
        let output = command.current_dir(directory.path()).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("chmod 600") && said.contains(name), "{name}: {said}");
    }
}

#[actix_web::test]
async fn a_webhook_that_is_called_without_tls_is_warned_of() {
    let directory = tempfile::tempdir().expect("a directory");
    let apps = "[[apps]]\nid = \"2\"\nkey = \"k\"\nsecret = \"s3cret-text\"\n\
                [[apps.webhooks]]\nurl = \"http://hooks.example.org/a?b=hidden\"\nevents = [\"channel_occupied\"]\n";
    let path = directory.path().join("apps.toml");
    std::fs::write(&path, apps).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    let options = ["--apps-file", "apps.toml"];
    let mut program = ServerProcess::start_on(directory.path(), &options);
    program.logs("http://hooks.example.org: ", DEADLINE).await;
    let ada = Person::sign_up(&program, "ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let webhook = json!({"url": "http://other.example.org/x", "room_id": room, "events": ["message.posted"]});
    ada.post("/api/v1/webhooks", &webhook).await.expect(201);
    program.terminate().await;
    let mut program = ServerProcess::start_on(directory.path(), &options);
    program.logs("http://other.example.org: ", DEADLINE).await;
}

#[actix_web::test]
async fn a_name_that_the_instance_does_not_have_is_answered_421() {
    let server = Server::start_with(|config| {
        config.public_url = Some("https://chat.example.org".to_owned());
        config.http.allowed_hosts = vec!["chat.internal".to_owned()];
    })
    .await;
    let ask = async |host: &str, path: &str| {
        Answer::of(server.stranger().request(Method::GET, path).header("host", host)).await
    };
    for host in ["chat.example.org", "chat.internal:8080", "localhost", "127.0.0.1:1"] {
        let answer = ask(host, "/api/v1/instance").await.expect(200);
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    }
    for path in ["/", "/api/v1/instance", "/metrics"] {
        let detail = ask("evil.example", path).await.expect_problem(421, "foreign_host");
        assert!(detail.contains("evil.example") && detail.contains("HUBBUB_ALLOWED_HOSTS"), "{detail}");
    }
    ask("evil.example", "/health/live").await.expect(200);
    let plain = Server::start().await;
    let answer = plain.stranger().get("/api/v1/instance").await.expect(200);
    assert!(!answer.headers.contains_key("strict-transport-security"));
}
