//! Rations: what one person, one address, one room and one document may do.

use std::io::{Read, Write};
use std::net::TcpStream;

use hubbub::config::{RationsConfig, RationsSwitch};
use reqwest::Method;
use serde_json::json;

use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::settings::{DEADLINE, PASSWORD};

async fn rationed(change: impl FnOnce(&mut RationsConfig)) -> Server {
    Server::start_with(|config| {
        config.rations.rations = RationsSwitch::On;
        change(&mut config.rations);
    })
    .await
}

async fn posting(person: &Person, room: i64) -> Answer {
    person.post(&format!("/api/v1/rooms/{room}/messages"), &json!({"body": "hello"})).await
}

#[actix_web::test]
async fn a_persons_ration_is_told_with_each_answer_and_nobody_elses() {
    let server = rationed(|rations| rations.posts_per_minute = 3).await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let room = ada.create_room("Lobby", "open").await;
    bob.join(room).await;
    for left in [2, 1, 0] {
        let answer = posting(&ada, room).await.expect(201);
        assert_eq!(answer.header("ratelimit-policy"), "\"posts\";q=3;w=60");
        let whole_in = (3 - left) * 20;
        assert_eq!(answer.header("ratelimit"), format!("\"posts\";r={left};t={whole_in}"));
    }
    let refused = posting(&ada, room).await;
    let detail = refused.expect_problem(429, "ration_used_up");
    assert!(detail.contains("3 messages a minute") && detail.contains("HUBBUB_POSTS_PER_MINUTE"), "{detail}");
    assert!(refused.header("ratelimit").starts_with("\"posts\";r=0;"), "{}", refused.header("ratelimit"));
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=20).contains(&wait), "{wait}");
    // Editing and deleting counts too; reading does not, and others have their own.
    let message = format!("/api/v1/rooms/{room}/messages/1");
    ada.patch(&message, &json!({"body": "x"})).await.expect_problem(429, "ration_used_up");
    ada.delete(&message).await.expect_problem(429, "ration_used_up");
    ada.get(&format!("/api/v1/rooms/{room}/messages")).await.expect(200);
    posting(&bob, room).await.expect(201);
}

#[actix_web::test]
async fn everybody_at_one_address_shares_its_ration() {
    let server = rationed(|rations| (rations.rooms_per_hour, rations.address_ration_factor) = (2, 1)).await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    ada.create_room("One", "open").await;
    ada.create_room("Two", "open").await;
    let refused = bob.post("/api/v1/rooms", &json!({"name": "Three", "kind": "open"})).await;
    let detail = refused.expect_problem(429, "ration_used_up");
    assert!(detail.contains("address") && detail.contains("HUBBUB_ADDRESS_RATION_FACTOR"), "{detail}");
    assert!(refused.header("ratelimit-policy").starts_with("\"rooms-of-address\";q=2;w=3600"));
}

#[actix_web::test]
async fn whatever_changes_something_has_a_ration() {
    let server = rationed(|rations| {
        (rations.joins_per_minute, rations.tokens_per_hour, rations.invites_per_hour) = (1, 1, 1);
        (rations.documents_per_hour, rations.files_per_day, rations.webhooks_per_hour) = (1, 1, 1);
        (rations.searches_per_minute, rations.changes_per_minute, rations.channel_rights_per_minute) = (1, 1, 1);
        rations.document_saves_per_minute = 1;
    })
    .await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let calls = [
        (Method::POST, format!("/api/v1/rooms/{room}/join"), "HUBBUB_JOINS_PER_MINUTE"),
        (Method::POST, format!("/api/v1/rooms/{room}/members"), "HUBBUB_JOINS_PER_MINUTE"),
        (Method::DELETE, format!("/api/v1/rooms/{room}/members/7"), "HUBBUB_JOINS_PER_MINUTE"),
        (Method::POST, "/api/v1/tokens".to_owned(), "HUBBUB_TOKENS_PER_HOUR"),
        (Method::POST, "/api/v1/invites".to_owned(), "HUBBUB_INVITES_PER_HOUR"),
        (Method::POST, "/api/v1/webhooks".to_owned(), "HUBBUB_WEBHOOKS_PER_HOUR"),
        (Method::POST, format!("/api/v1/rooms/{room}/documents"), "HUBBUB_DOCUMENTS_PER_HOUR"),
        (Method::POST, format!("/api/v1/rooms/{room}/files?name=a"), "HUBBUB_FILES_PER_DAY"),
        (Method::PUT, "/api/v1/documents/7".to_owned(), "HUBBUB_DOCUMENT_SAVES_PER_MINUTE"),
        (Method::GET, "/api/v1/search?q=hello".to_owned(), "HUBBUB_SEARCHES_PER_MINUTE"),
        (Method::PUT, format!("/api/v1/rooms/{room}/read"), "HUBBUB_CHANGES_PER_MINUTE"),
        (Method::PATCH, format!("/api/v1/rooms/{room}"), "HUBBUB_CHANGES_PER_MINUTE"),
        (Method::POST, "/broadcasting/auth".to_owned(), "HUBBUB_CHANNEL_RIGHTS_PER_MINUTE"),
    ];
    for (method, path, setting) in calls {
        // What the call itself answers does not matter: a refused one counts too.
        Answer::of(ada.request(method.clone(), &path)).await;
        let refused = Answer::of(ada.request(method.clone(), &path)).await;
        assert!(refused.expect_problem(429, "ration_used_up").contains(setting), "{method} {path}: {}", refused.text);
    }
}

#[actix_web::test]
async fn signing_up_and_renewing_count_for_the_address() {
    let server = rationed(|rations| (rations.sign_ups_per_hour, rations.refreshes_per_minute) = (1, 1)).await;
    server.sign_up("ada").await;
    let stranger = server.stranger();
    let refused = stranger.post("/api/v1/users", &json!({"username": "bob", "password": PASSWORD})).await;
    assert!(refused.expect_problem(429, "ration_used_up").contains("HUBBUB_SIGN_UPS_PER_HOUR"));
    stranger.post("/api/v1/session/refresh", &json!({})).await.expect_problem(401, "session_ended");
    let refused = stranger.post("/api/v1/session/refresh", &json!({})).await;
    assert!(refused.expect_problem(429, "ration_used_up").contains("HUBBUB_REFRESHES_PER_MINUTE"));
}

#[actix_web::test]
async fn an_event_stream_has_a_place_until_it_ends() {
    let server = rationed(|rations| rations.event_streams = 1).await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let room = ada.create_room("Lobby", "open").await;
    let open = async |person: &Person| person.request(Method::GET, "/api/v1/events").send().await.expect("an answer");
    let first = open(&ada).await;
    assert_eq!(first.status(), 200);
    let refused = ada.get("/api/v1/events").await;
    assert!(refused.expect_problem(429, "ration_used_up").contains("HUBBUB_EVENT_STREAMS"));
    assert_eq!(open(&bob).await.status(), 200);
    drop(first);
    let freed = async {
        while open(&ada).await.status() != 200 {
            // The server sees that a stream has no reader when it writes to it.
            ada.say(room, "hello").await;
        }
    };
    tokio::time::timeout(DEADLINE, freed).await.expect("in time");
}

#[actix_web::test]
async fn what_a_person_keeps_is_summed() {
    let server = rationed(|rations| {
        (rations.unattached_bytes, rations.file_bytes) = (10, 15);
        (rations.documents_per_room, rations.document_bytes) = (1, 100);
    })
    .await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let files = format!("/api/v1/rooms/{room}/files?name=a.txt");
    let file = ada.post_raw(&files, "text/plain", "12345678").await.expect(201).number("/id");
    ada.post_raw(&files, "text/plain", "123").await.expect_problem(429, "unattached_bytes_used_up");
    ada.post(&format!("/api/v1/rooms/{room}/messages"), &json!({"body": "see", "file_ids": [file]})).await.expect(201);
    ada.post_raw(&files, "text/plain", "1234567").await.expect(201);
    ada.post_raw(&files, "text/plain", "1").await.expect_problem(429, "file_bytes_used_up");

    let documents = format!("/api/v1/rooms/{room}/documents");
    ada.post(&documents, &json!({"title": "One"})).await.expect(201);
    ada.post(&documents, &json!({"title": "Two"})).await.expect_problem(429, "room_documents_used_up");
}

#[actix_web::test]
async fn a_half_sent_body_is_cut_off_before_and_after_signing_in() {
    let server = Server::start_with(|config| config.http.body_grace_secs = 1).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let token = ada.token.clone().expect("a token");
    let address = server.address();
    let files = format!("/api/v1/rooms/{room}/files?name=a");
    for path in ["/api/v1/session", "/api/v1/users", "/api/v1/tokens", files.as_str()] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: 1000\r\n\r\n{{"
        );
        let answer = tokio::task::spawn_blocking(move || {
            let mut connection = TcpStream::connect(address).expect("connected");
            connection.set_read_timeout(Some(DEADLINE)).expect("set");
            connection.write_all(head.as_bytes()).expect("sent");
            let mut answer = [0; 4_096];
            let length = connection.read(&mut answer).expect("an answer in time");
            String::from_utf8_lossy(&answer[..length]).into_owned()
        });
        let answer = answer.await.expect("no panic");
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body_too_slow"), "{path}: {answer}");
    }
}

#[actix_web::test]
async fn an_address_has_a_number_of_connections() {
    let server = rationed(|rations| rations.connections = 3).await;
    let address = server.address();
    let outcome = tokio::task::spawn_blocking(move || {
        let ask = |connection: &mut TcpStream| {
            let asked = write!(connection, "GET /health/live HTTP/1.1\r\nhost: {address}\r\n\r\n");
            let mut answer = [0; 1_024];
            asked.and_then(|()| connection.read(&mut answer)).unwrap_or(0)
        };
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut connection = TcpStream::connect(address).expect("connected");
            assert!(ask(&mut connection) > 0, "answered");
            held.push(connection);
        }
        let mut one_more = TcpStream::connect(address).expect("accepted by the system");
        let refused = ask(&mut one_more);
        drop(held);
        let mut tries = 0;
        while ask(&mut TcpStream::connect(address).expect("connected")) == 0 {
            tries += 1;
            assert!(tries < 10_000, "a place is given back");
        }
        refused
    });
    assert_eq!(outcome.await.expect("no panic"), 0, "the fourth is shut down without an answer");
}

#[actix_web::test]
async fn a_flood_of_sign_ins_does_not_keep_a_session_from_being_renewed() {
    let server = Server::start_with(|config| {
        config.auth.password_memory_kib = 65_536;
        config.rations.rations = RationsSwitch::On;
        (config.rations.hashes, config.rations.sign_ins_per_minute) = (4, 100_000);
    })
    .await;
    let ada = server.sign_up("ada").await;
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..40 {
        let stranger = server.stranger();
        guesses.spawn(async move {
            let body = json!({"username": format!("nobody{number}"), "password": "wrong horse battery"});
            stranger.post("/api/v1/session", &body).await.status.as_u16()
        });
    }
    for _ in 0..3 {
        ada.post("/api/v1/session/refresh", &json!({})).await.expect(200);
    }
    let statuses = guesses.join_all().await;
    assert!(statuses.contains(&429), "one address has four places: {statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)), "the queue is not full: {statuses:?}");
}

#[actix_web::test]
async fn an_unknown_invitation_is_refused_before_a_password_is_hashed() {
    // The only thread takes a second for each hash, so 20 of them would take longer than a test may.
    let server = Server::start_with(|config| {
        config.sign_up = hubbub::config::SignUp::Invite;
        config.auth.password_memory_kib = 262_144;
    })
    .await;
    server.sign_up("ada").await;
    let started = std::time::Instant::now();
    let code = format!("hubi_{}", "A".repeat(43));
    for _ in 0..20 {
        let body = json!({"username": "bob", "password": PASSWORD, "invite": code});
        server.stranger().post("/api/v1/users", &body).await.expect_problem(403, "sign_up_closed");
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}
