use std::collections::BTreeSet;
use std::time::Duration;

use hubbub::config::ServeConfig;
use hubbub::domain::{
    EventKind, Limits, MessageBody, MessageDraft, PersonName, RoomKind, RoomName, RoomTopic, Username, WebhookUrl,
    webhook_host,
};
use hubbub::store::{DatabaseUrl, NewRoom, NewUser, NewWebhook, SignUpPermission, Store, StoreOptions};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::settings::DEADLINE;
use crate::webhooks::receiver::{Receiver, SILENCE};

/// Calls to this machine, and pauses of no length.
fn eager(config: &mut ServeConfig) {
    config.jobs.allow_private_webhooks = true;
    config.jobs.job_first_pause_millis = 1;
    config.jobs.job_attempts = 3;
}

async fn create_webhook(person: &Person, receiver: &Receiver, room: i64) -> Answer {
    let body = json!({"url": receiver.url, "room_id": room, "events": ["message.posted"]});
    person.post("/api/v1/webhooks", &body).await.expect(201)
}

/// The newest delivery, once it has that status.
async fn delivery(person: &Person, webhook: i64, status: &str) -> Value {
    let end = Instant::now() + DEADLINE;
    loop {
        let log = person.get(&format!("/api/v1/webhooks/{webhook}/deliveries")).await.expect(200);
        if log.json["items"][0]["status"] == status {
            return log.json["items"][0].clone();
        }
        assert!(Instant::now() < end, "not {status}: {}", log.text);
        sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn a_webhook_is_told_of_a_message_and_can_verify_it() {
    let server = Server::start_with(eager).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut receiver = Receiver::start();
    let webhook = create_webhook(&ada, &receiver, room).await;
    let message = ada.say(room, "hello").await;
    let call = receiver.call().await;
    assert!(call.is_signed_with(&webhook.string("/secret")), "{call:?}");
    assert!(!call.is_signed_with("whsec_c29tZXRoaW5nIGVsc2U="));
    let events = ada.get(&format!("/api/v1/rooms/{room}/events?after=2")).await;
    assert_eq!(call.event, events.json["items"][0], "the same object as everywhere");
    assert_eq!(call.event["message"]["id"], message["id"]);
    let delivery = delivery(&ada, webhook.number("/id"), "delivered").await;
    assert_eq!(delivery["answer"], json!({"status": 200, "body": "answer 200"}));
    assert_eq!((&delivery["attempts"], &delivery["seq"], &delivery["error"]), (&json!(1), &json!(3), &Value::Null));
    // The secret is shown once.
    let list = ada.get("/api/v1/webhooks").await.expect(200);
    assert_eq!(list.json["items"][0]["id"], webhook.json["id"]);
    assert!(!list.text.contains("whsec_"));
}

#[actix_web::test]
async fn a_webhook_that_fails_is_told_again_under_the_same_id() {
    let server = Server::start_with(eager).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut receiver = Receiver::start();
    receiver.answer(&[500, 302]);
    let webhook = create_webhook(&ada, &receiver, room).await;
    ada.say(room, "hello").await;
    let calls = [receiver.call().await, receiver.call().await, receiver.call().await];
    assert!(!calls[0].id.is_empty() && calls.iter().all(|call| call.id == calls[0].id), "{calls:?}");
    let delivery = delivery(&ada, webhook.number("/id"), "delivered").await;
    assert_eq!(delivery["attempts"], 3);
    assert!(!receiver.was_called(), "a redirect is not followed, and what is delivered is not sent again");
}

#[actix_web::test]
async fn a_webhook_that_never_accepts_is_given_up_until_somebody_sends_again() {
    let server = Server::start_with(eager).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut receiver = Receiver::start();
    receiver.answer(&[500, 500, 500]);
    let webhook = create_webhook(&ada, &receiver, room).await.number("/id");
    ada.say(room, "hello").await;
    let given_up = delivery(&ada, webhook, "failed").await;
    assert_eq!((&given_up["attempts"], &given_up["answer"]["status"]), (&json!(3), &json!(500)));
    assert_eq!(given_up["error"], "the answer was 500");
    let first = receiver.call().await;
    let path = format!("/api/v1/webhooks/{webhook}/deliveries/{}/retry", given_up["id"]);
    assert_eq!(ada.post(&path, &json!({})).await.expect(202).json["status"], "pending");
    let sent_again = delivery(&ada, webhook, "delivered").await;
    assert_eq!((&sent_again["id"], &sent_again["attempts"]), (&given_up["id"], &json!(4)));
    let last = [receiver.call().await, receiver.call().await, receiver.call().await].map(|call| call.id);
    assert_eq!(last, [first.id.clone(), first.id.clone(), first.id]);
}

#[actix_web::test]
async fn a_webhook_that_does_not_answer_does_not_hold_up_the_others() {
    let server = Server::start_with(|config| {
        eager(config);
        config.jobs.jobs_at_once = 4;
        config.jobs.jobs_per_host = 2;
        config.webhooks.timeout_ms = 600_000;
    })
    .await;
    let ada = server.sign_up("ada").await;
    let (silent_room, room) = (ada.create_room("Silence", "open").await, ada.create_room("Lobby", "open").await);
    let (mut silent, mut receiver) = (Receiver::start(), Receiver::start());
    silent.answer(&[SILENCE; 12]);
    // Two webhooks at one host have one share.
    for _ in 0..2 {
        create_webhook(&ada, &silent, silent_room).await;
    }
    create_webhook(&ada, &receiver, room).await;
    for _ in 0..6 {
        ada.say(silent_room, "hello").await;
    }
    silent.call().await;
    silent.call().await;
    for number in 0..6 {
        ada.say(room, &format!("message {number}")).await;
        assert_eq!(receiver.call().await.event["message"]["body"], format!("message {number}"));
    }
    assert!(!silent.was_called(), "two at once are its share");
}

#[actix_web::test]
async fn private_addresses_are_not_called_unless_that_is_allowed() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut receiver = Receiver::start();
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    for url in [&receiver.url, &by_name] {
        let body = json!({"url": url, "room_id": room, "events": ["message.posted"]});
        let webhook = ada.post("/api/v1/webhooks", &body).await.expect(201).number("/id");
        ada.say(room, "hello").await;
        let refused = delivery(&ada, webhook, "failed").await;
        assert!(
            refused["error"].as_str().is_some_and(|error| error.contains("HUBBUB_ALLOW_PRIVATE_WEBHOOKS")),
            "{refused}"
        );
    }
    assert!(!receiver.was_called());
}

#[actix_web::test]
async fn what_was_stored_and_not_delivered_is_delivered_after_a_crash() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut receiver = Receiver::start();
    // A server that stored all this and was killed: nothing was sent, and some jobs were taken.
    leave_behind(directory.path().join("hubbub.sqlite3"), &receiver.url, 20).await;
    let mut server = Server::start_with(|config| {
        eager(config);
        config.data_dir = directory.path().to_owned();
    })
    .await;
    let mut seqs = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for _ in 0..20 {
        let call = receiver.call().await;
        seqs.insert(call.event["seq"].as_i64().expect("a number"));
        ids.insert(call.id);
    }
    assert_eq!(seqs, (3..=22).collect());
    assert_eq!(ids.len(), 20);
    // An orderly end waits for what is under way; and the server that comes after it has nothing left to send.
    server.restart().await;
    server.restart().await;
    assert!(!receiver.was_called());
}

#[actix_web::test]
async fn a_call_that_is_under_way_when_the_server_ends_is_made_again_at_the_next_start() {
    let mut server = Server::start_with(eager).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let mut receiver = Receiver::start();
    receiver.answer(&[SILENCE]);
    create_webhook(&ada, &receiver, room).await;
    ada.say(room, "hello").await;
    let cut_off = receiver.call().await;
    server.restart().await;
    // Long before the end of a lease: the job was given back.
    assert_eq!(receiver.call().await.id, cut_off.id);
}

/// Posts `count` messages in a room with a webhook, without anybody to deliver; a worker takes five jobs and dies.
async fn leave_behind(path: std::path::PathBuf, url: &str, count: usize) {
    let limits = Limits {
        message_chars: 100,
        room_name_chars: 80,
        room_topic_chars: 80,
        document_title_chars: 120,
        user_name_chars: 80,
        password_chars_min: 10,
    };
    let options = StoreOptions::default();
    let store = Store::open(&DatabaseUrl::Sqlite(path), &options).expect("a new database");
    let user = NewUser {
        username: Username::parse("ada").expect("valid"),
        name: PersonName::parse("Ada", &limits).expect("valid"),
        password_hash: "none".to_owned(),
        admission: SignUpPermission::Open,
    };
    let ada = store.create_user(user).await.expect("signed up").0.id;
    let room = NewRoom {
        name: RoomName::parse("Lobby", &limits).expect("valid"),
        kind: RoomKind::Open,
        topic: RoomTopic::default(),
        member_ids: Vec::new(),
    };
    let room = store.create_room(ada, room).await.expect("made").0.room.id;
    let webhook = NewWebhook {
        url: WebhookUrl::parse(url).expect("valid"),
        secret: "whsec_c2VjcmV0".to_owned(),
        room_id: Some(room),
        event_types: vec![EventKind::from_name("message.posted").expect("known")],
    };
    store.create_webhook(ada, webhook).await.expect("made");
    for _ in 0..count {
        let draft = MessageDraft {
            body: MessageBody::parse("hello", &limits).expect("valid"),
            client_id: None,
            file_ids: Vec::new(),
            reply_to: None,
        };
        store.post_message(ada, room, draft).await.expect("stored");
    }
    store.lease_jobs("dead", webhook_host(url), 5, Duration::from_millis(100)).await.expect("leased");
    store.close().await;
}

#[actix_web::test]
async fn webhooks_are_made_by_those_who_run_the_room_and_never_by_an_api_token() {
    let server = Server::start().await;
    let (_admin, maker, member) =
        (server.sign_up("ada").await, server.sign_up("grace").await, server.sign_up("linus").await);
    let room = maker.create_room("Lobby", "open").await;
    let body = json!({"url": "https://example.org/hook", "room_id": room, "events": ["message.posted"]});
    member.post("/api/v1/webhooks", &body).await.expect_problem(403, "not_a_member");
    member.join(room).await;
    member.post("/api/v1/webhooks", &body).await.expect_problem(403, "not_allowed");
    let token = maker.post("/api/v1/tokens", &json!({"name": "script"})).await.expect(201).string("/token");
    let script = maker.with_token(&token);
    script.post("/api/v1/webhooks", &body).await.expect_problem(403, "session_needed");
    let webhook = maker.post("/api/v1/webhooks", &body).await.expect(201).number("/id");
    let path = format!("/api/v1/webhooks/{webhook}");
    member.get(&format!("{path}/deliveries")).await.expect_problem(404, "webhook_not_found");
    maker.post(&format!("{path}/deliveries/1/retry"), &json!({})).await.expect_problem(404, "delivery_not_found");
    member.delete(&path).await.expect_problem(404, "webhook_not_found");
    maker.delete(&path).await.expect(204);
    assert_eq!(maker.get("/api/v1/webhooks").await.expect(200).json, json!({"items": []}));
}

#[actix_web::test]
async fn what_makes_a_webhook_invalid_is_named() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let url = "https://example.org/hook";
    for (body, code) in [
        (json!({"url": "example.org", "events": ["message.posted"]}), "invalid_webhook_url"),
        (json!({"url": "https://ada:secret@example.org", "events": ["message.posted"]}), "invalid_webhook_url"),
        (json!({"url": url, "events": []}), "invalid_event_types"),
        (json!({"url": url, "events": ["message.*"]}), "invalid_event_types"),
        (json!({"url": url}), "missing_field"),
    ] {
        ada.post("/api/v1/webhooks", &body).await.expect_problem(422, code);
    }
    ada.post("/api/v1/webhooks", &json!({"url": url, "room_id": 9, "events": ["message.posted"]}))
        .await
        .expect_problem(404, "room_not_found");
}
