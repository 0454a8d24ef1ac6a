//! The trail: what matters for security is written down, with who and from where, and is read by administrators alone.

use std::process::Command;

use regex::Regex;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::person::{Answer, Person};
use crate::support::process::ServerProcess;
use crate::support::server::Server;
use crate::support::settings::PASSWORD;

/// The actions of the trail, the oldest first, with who did each.
async fn trail(admin: &Person) -> Vec<(String, Option<String>)> {
    let answer = admin.get("/api/v1/audit?limit=200").await.expect(200);
    let items = answer.json["items"].as_array().expect("a list").iter().rev();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    items.map(|entry| (text(&entry["action"]).expect("a name"), text(&entry["username"]))).collect()
}

#[actix_web::test]
async fn the_trail_tells_of_sign_ins_passwords_tokens_invitations_roles_and_removals() {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let ada = server.sign_up("ada").await;
    let wrong = json!({"username": "ada", "password": "wrong horse battery"});
    server.stranger().post("/api/v1/session", &wrong).await.expect_problem(401, "wrong_credentials");
    let token = ada.post("/api/v1/tokens", &json!({"name": "bot"})).await.expect(201).number("/id");
    ada.delete(&format!("/api/v1/tokens/{token}")).await.expect(204);
    let change = json!({"current_password": PASSWORD, "password": "another horse battery"});
    ada.put("/api/v1/me/password", &change).await.expect(204);
    let room = admin.create_room("Lobby", "open").await;
    ada.join(room).await;
    admin.delete(&format!("/api/v1/rooms/{room}/members/{}", ada.id)).await.expect(204);
    admin.delete(&format!("/api/v1/rooms/{room}")).await.expect(204);
    admin.post("/api/v1/invites", &json!({})).await.expect(201);
    let path = format!("/api/v1/users/{}", ada.id);
    admin.patch(&path, &json!({"role": "administrator"})).await.expect(200);
    admin.patch(&path, &json!({"role": "member"})).await.expect(200);
    ada.delete("/api/v1/session").await.expect(204);
    admin.patch(&path, &json!({"is_active": false})).await.expect(200);
    let (admins, adas) = (Some("admin".to_owned()), Some("ada".to_owned()));
    let expected = [
        ("server.started", None),
        ("account.created", admins.clone()),
        ("sign_in.right", admins.clone()),
        ("account.created", adas.clone()),
        ("sign_in.right", adas.clone()),
        ("sign_in.wrong", adas.clone()),
        ("token.created", adas.clone()),
        ("token.revoked", adas.clone()),
        ("password.changed", adas.clone()),
        ("member.removed", admins.clone()),
        ("room.deleted", admins.clone()),
        ("invitation.created", admins.clone()),
        ("account.role_changed", admins.clone()),
        ("account.role_changed", admins.clone()),
        ("session.signed_out", adas),
        ("account.deactivated", admins),
    ];
    assert_eq!(trail(&admin).await, expected.map(|(action, username)| (action.to_owned(), username)));
    let wrong = admin.get("/api/v1/audit?action=sign_in.wrong").await.expect(200).json;
    let entry = &wrong["items"][0];
    assert_eq!(
        (&entry["username"], &entry["address"], &entry["user_id"]),
        (&json!("ada"), &json!("127.0.0.1"), &Value::Null)
    );
}

#[actix_web::test]
async fn the_trail_is_read_in_pages_and_by_administrators_alone() {
    let server = Server::start().await;
    let (admin, ada) = (server.sign_up("admin").await, server.sign_up("ada").await);
    ada.get("/api/v1/audit").await.expect_problem(403, "administrators_only");
    server.stranger().get("/api/v1/audit").await.expect_problem(401, "token_missing");
    let mut ids = Vec::new();
    let mut path = "/api/v1/audit?limit=2".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200).json;
        ids.extend(page["items"].as_array().expect("a list").iter().map(|entry| entry["id"].as_i64().expect("an id")));
        let Some(next) = page["next"].as_i64() else { break };
        path = format!("/api/v1/audit?limit=2&before={next}");
    }
    assert_eq!(ids, [5, 4, 3, 2, 1]);
    let own = admin.get(&format!("/api/v1/audit?user_id={}", ada.id)).await.expect(200).json;
    assert_eq!(own["items"].as_array().map(Vec::len), Some(2));
    let detail = admin.get("/api/v1/audit?action=nothing").await.expect_problem(422, "invalid_audit_action");
    assert!(detail.contains("sign_in.wrong"), "{detail}");
}

#[actix_web::test]
async fn a_flood_of_throttled_attempts_is_one_entry_and_what_was_refused_is_none() {
    let server = Server::start_with(|config| config.rations.sign_ins_per_minute = 2).await;
    let admin = server.sign_up("admin").await;
    for _ in 0..20 {
        let wrong = json!({"username": "admin", "password": "wrong horse battery"});
        let answer = server.stranger().post("/api/v1/session", &wrong).await;
        assert!(matches!(answer.status.as_u16(), 401 | 429), "{}", answer.text);
    }
    admin.delete("/api/v1/tokens/99").await.expect_problem(404, "token_not_found");
    let count =
        |trail: &[(String, Option<String>)], name: &str| trail.iter().filter(|(action, _)| action == name).count();
    let trail = trail(&admin).await;
    assert_eq!((count(&trail, "sign_in.wrong"), count(&trail, "sign_in.throttled")), (2, 1), "{trail:?}");
    assert_eq!(count(&trail, "token.revoked"), 0);
}

/// The filter that docs/operating.md shows for fail2ban finds the address of a wrong sign-in, whatever the attempt says.
#[actix_web::test]
async fn a_wrong_sign_in_is_one_line_of_the_log_that_the_documented_filter_finds() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut server = ServerProcess::start_on(directory.path(), &[]);
    let request = json!({"username": "ada", "password": "wrong horse battery"});
    let stranger = Person::stranger(&server.address);
    let attempt = stranger.request(Method::POST, "/api/v1/session").header("x-request-id", "audit");
    Answer::of(attempt.json(&request)).await.expect_problem(401, "wrong_credentials");
    let line = server.log_line("audit action=sign_in.wrong").await;
    assert!(line.contains("audit action=sign_in.wrong address=127.0.0.1 username=\"ada\""), "{line}");
    assert!(!line.contains("wrong horse"), "{line}");
    assert_eq!(banned_by(&line), Some("127.0.0.1".to_owned()), "{line}");

    let printed = Command::new(env!("CARGO_BIN_EXE_hubbub"))
        .args(["audit", "--action", "sign_in.wrong", "--data-dir"])
        .arg(directory.path())
        .env_remove("HUBBUB_DATABASE_URL")
        .output()
        .expect("it runs");
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.contains(" sign_in.wrong ada 127.0.0.1 "), "{printed}");
}

#[actix_web::test]
async fn the_documented_filter_takes_the_line_as_json_too_and_nothing_that_a_caller_writes_into_the_log() {
    let directory = tempfile::tempdir().expect("a directory");
    for format in ["json", "text"] {
        let options = ["--log-format", format, "--access-log"];
        let mut server = ServerProcess::start_on(directory.path(), &options);
        let stranger = Person::stranger(&server.address);
        let wrong = json!({"username": "ada", "password": "wrong horse battery"});
        stranger.post("/api/v1/session", &wrong).await.expect_problem(401, "wrong_credentials");
        let line = server.log_line("sign_in.wrong").await;
        assert_eq!(banned_by(&line), Some("127.0.0.1".to_owned()), "{line}");
        let forged = [
            "audit action=sign_in.wrong address=192.0.2.9 ",
            r#"INFO audit action=sign_in.wrong address=192.0.2.9 username="ada""#,
            r#"{"level":"INFO","fields":{"message":"audit","action":"sign_in.wrong","address":"192.0.2.9""#,
        ];
        for text in forged {
            let request =
                stranger.request(Method::GET, "/api/v1/instance?audit action=sign_in.wrong address=192.0.2.9 ");
            Answer::of(request.header("user-agent", text).header("origin", text)).await.expect(200);
            let line = server.log_line("/api/v1/instance").await;
            assert!(line.contains("access") && line.contains("127.0.0.1") && !line.contains('?'), "{line}");
            assert_eq!(banned_by(&line), None, "{line}");
        }
    }
}

/// The address that fail2ban would take from a line with the filter of docs/operating.md.
fn banned_by(line: &str) -> Option<String> {
    let documented = include_str!("../../../docs/operating.md");
    let filter =
        documented.split_once("failregex =").expect("a filter").1.split_once("journalmatch").expect("its end").0;
    let expressions = filter.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut found = expressions.map(|expression| {
        let expression = Regex::new(&expression.replace("<HOST>", r"(?P<host>[\w.:]+)")).expect("an expression");
        expression.captures(line).map(|found| found["host"].to_owned())
    });
    found.find_map(|host| host)
}
