use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::rooms::join_many_rooms;
use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::settings::DEADLINE;

/// An open stream, read event by event.
struct Events {
    response: Response,
    text: String,
    /// The last `id:`.
    cursor: String,
}

impl Events {
    async fn open(person: &Person, path: &str, cursor: Option<&str>) -> Self {
        let mut request = person.request(Method::GET, path);
        if let Some(cursor) = cursor {
            request = request.header("last-event-id", cursor);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut events = Self { response, text: String::new(), cursor: String::new() };
        let opening = events.block().await.expect("the stream opens with its cursor");
        assert!(opening.contains("retry: "), "{opening}");
        events
    }

    /// The next event: its type and its data. `None`: the server has ended the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(kind), Some(data)) = (field("event: "), field("data: ")) {
                return Some((kind.to_owned(), serde_json::from_str(data).expect("JSON")));
            }
        }
    }

    async fn next_body(&mut self) -> String {
        let (kind, event) = self.next().await.expect("an event");
        assert_eq!(kind, "message.posted", "{event}");
        assert_eq!(event["type"], kind);
        event["message"]["body"].as_str().expect("a body").to_owned()
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                if let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: ")) {
                    self.cursor = id.to_owned();
                }
                return Some(block);
            }
            let chunk = timeout(DEADLINE, self.response.chunk()).await.expect("in time").expect("a readable stream")?;
            self.text.push_str(std::str::from_utf8(&chunk).expect("whole characters"));
        }
    }
}

async fn ada_and_grace_in_a_room() -> (Server, Person, Person, i64) {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    (server, ada, grace, room)
}

#[actix_web::test]
async fn a_stream_shows_messages_as_they_are_posted() {
    let (_server, ada, grace, room) = ada_and_grace_in_a_room().await;
    ada.say(room, "before").await;
    let mut events = Events::open(&grace, "/api/v1/events", None).await;
    for text in ["one", "two", "three"] {
        ada.say(room, text).await;
        assert_eq!(events.next_body().await, text);
    }
    assert_eq!(events.cursor, format!("{room}:7"));
}

#[actix_web::test]
async fn a_stream_resumes_where_it_was_cut_off() {
    let (_server, ada, grace, room) = ada_and_grace_in_a_room().await;
    let other = ada.create_room("Attic", "closed").await;
    let mut events = Events::open(&ada, "/api/v1/events", None).await;
    ada.say(room, "seen").await;
    assert_eq!(events.next_body().await, "seen");
    let cursor = events.cursor.clone();
    assert_eq!(cursor, format!("{room}:4,{other}:2"));
    drop(events);
    grace.say(room, "missed").await;
    ada.say(other, "missed too").await;
    let mut events = Events::open(&ada, "/api/v1/events", Some(&cursor)).await;
    assert_eq!([events.next_body().await, events.next_body().await], ["missed", "missed too"]);
}

#[actix_web::test]
async fn a_stream_can_be_of_one_room() {
    let (_server, ada, grace, room) = ada_and_grace_in_a_room().await;
    let other = ada.create_room("Attic", "open").await;
    let mut events = Events::open(&ada, &format!("/api/v1/events?room={room}"), None).await;
    ada.say(other, "elsewhere").await;
    grace.say(room, "here").await;
    assert_eq!(events.next_body().await, "here");
    assert_eq!(events.cursor, format!("{room}:4"));
}

#[actix_web::test]
async fn a_stream_of_all_rooms_has_nothing_of_other_peoples_rooms() {
    let (_server, ada, grace, room) = ada_and_grace_in_a_room().await;
    let secret = ada.create_room("Secret", "closed").await;
    let unjoined = ada.create_room("Open", "open").await;
    let mut events = Events::open(&grace, "/api/v1/events", None).await;
    ada.say(secret, "secret").await;
    ada.say(unjoined, "not joined").await;
    ada.say(room, "sentinel").await;
    assert_eq!(events.next_body().await, "sentinel");
    // A cursor that claims a place in them does not open them either.
    let cursor = format!("{room}:4,{secret}:0,{unjoined}:0");
    let mut events = Events::open(&grace, "/api/v1/events", Some(&cursor)).await;
    ada.say(secret, "secret").await;
    ada.say(room, "second sentinel").await;
    let mut seen = Vec::new();
    loop {
        let (kind, event) = events.next().await.expect("an event");
        match kind.as_str() {
            "room.left" => seen.push(event["room_id"].as_i64().expect("an id")),
            "message.posted" => break assert_eq!(event["message"]["body"], "second sentinel"),
            other => panic!("{other}: {event}"),
        }
    }
    assert_eq!(seen, [secret, unjoined]);
}

#[actix_web::test]
async fn a_room_joined_meanwhile_is_included_from_the_joining_on() {
    let (_server, ada, grace, _) = ada_and_grace_in_a_room().await;
    let attic = ada.create_room("Attic", "closed").await;
    ada.say(attic, "before").await;
    let mut events = Events::open(&grace, "/api/v1/events", None).await;
    ada.post(&format!("/api/v1/rooms/{attic}/members"), &json!({"user_id": grace.id})).await.expect(200);
    let (kind, event) = events.next().await.expect("an event");
    assert_eq!((kind.as_str(), &event["user"]["username"]), ("member.joined", &json!("grace")));
    ada.say(attic, "welcome").await;
    assert_eq!(events.next_body().await, "welcome");
}

#[actix_web::test]
async fn a_removed_member_hears_nothing_more_and_a_stream_of_that_room_ends() {
    let (_server, ada, grace, room) = ada_and_grace_in_a_room().await;
    let other = ada.create_room("Attic", "open").await;
    grace.join(other).await;
    let mut all = Events::open(&grace, "/api/v1/events", None).await;
    let mut one = Events::open(&grace, &format!("/api/v1/events?room={room}"), None).await;
    ada.delete(&format!("/api/v1/rooms/{room}/members/{}", grace.id)).await.expect(204);
    ada.say(room, "among us").await;
    assert_eq!(one.next().await, Some(("room.left".to_owned(), json!({"room_id": room}))));
    assert_eq!(one.next().await, None);
    assert_eq!(all.next().await, Some(("room.left".to_owned(), json!({"room_id": room}))));
    ada.say(other, "sentinel").await;
    assert_eq!(all.next_body().await, "sentinel");
}

#[actix_web::test]
async fn a_stream_ends_with_its_session_and_with_its_token() {
    let (_server, ada, grace, room) = ada_and_grace_in_a_room().await;
    let token = grace.post("/api/v1/tokens", &json!({"name": "watch"})).await.expect(201);
    let script = grace.with_token(&token.string("/token"));
    let mut by_token = Events::open(&script, "/api/v1/events", None).await;
    let mut by_session = Events::open(&grace, "/api/v1/events", None).await;
    grace.delete(&format!("/api/v1/tokens/{}", token.number("/id"))).await.expect(204);
    ada.say(room, "one").await;
    assert_eq!(by_token.next().await, None);
    assert_eq!(by_session.next_body().await, "one");
    grace.delete("/api/v1/session").await.expect(204);
    ada.say(room, "two").await;
    assert_eq!(by_session.next().await, None);
}

#[actix_web::test]
async fn a_stream_too_far_behind_is_told_to_read_anew() {
    let server = Server::start_with(|config| config.http.catch_up_events = 2).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    for text in ["one", "two", "three"] {
        ada.say(room, text).await;
    }
    let mut events = Events::open(&ada, "/api/v1/events", Some(&format!("{room}:2"))).await;
    assert_eq!(events.next().await, Some(("resync".to_owned(), json!({"room_id": room, "head": 5}))));
    ada.say(room, "four").await;
    assert_eq!(events.next_body().await, "four");
}

#[actix_web::test]
async fn more_streams_than_the_limit_are_refused_until_one_closes() {
    let server = Server::start_with(|config| config.http.max_event_streams = 1).await;
    let ada = server.sign_up("ada").await;
    ada.create_room("Lobby", "open").await;
    let only = Events::open(&ada, "/api/v1/events", None).await;
    let refused = ada.get("/api/v1/events").await;
    assert!(refused.expect_problem(503, "too_many_event_streams").contains("HUBBUB_MAX_EVENT_STREAMS"));
    drop(only);
}

#[actix_web::test]
async fn a_stream_that_may_not_be_opened_is_refused_before_it_begins() {
    let (server, ada, _, _) = ada_and_grace_in_a_room().await;
    let eve = server.sign_up("eve").await;
    let secret = ada.create_room("Secret", "closed").await;
    let open = ada.create_room("Open", "open").await;
    server.stranger().get("/api/v1/events").await.expect_problem(401, "token_missing");
    eve.get(&format!("/api/v1/events?room={secret}")).await.expect_problem(404, "room_not_found");
    eve.get(&format!("/api/v1/events?room={open}")).await.expect_problem(403, "not_a_member");
    let broken = eve.request(Method::GET, "/api/v1/events").header("last-event-id", "yesterday");
    Answer::of(broken).await.expect_problem(422, "invalid_cursor");
}

#[actix_web::test]
async fn streams_end_when_the_server_is_told_to() {
    let (mut server, ada, _, _) = ada_and_grace_in_a_room().await;
    let mut events = Events::open(&ada, "/api/v1/events", None).await;
    server.stop();
    assert_eq!(events.next().await, None);
}

#[actix_web::test]
async fn the_id_stays_short_in_1400_rooms_and_a_stream_resumes_by_it() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    join_many_rooms(&server, 1_400);
    let mut events = Events::open(&ada, "/api/v1/events", None).await;
    for room in [7, 1_399] {
        ada.say(room, "seen").await;
        assert_eq!(events.next_body().await, "seen");
    }
    let cursor = events.cursor.clone();
    assert!(cursor.starts_with('@') && cursor.ends_with(",7:3,1399:3"), "{cursor}");
    drop(events);
    // One in a room that the cursor names, and one in another.
    ada.say(7, "missed").await;
    ada.say(800, "missed too").await;
    let mut events = Events::open(&ada, "/api/v1/events", Some(&cursor)).await;
    assert!(events.cursor.len() < 1_200, "{}", events.cursor);
    assert_eq!([events.next_body().await, events.next_body().await], ["missed", "missed too"]);
    let cursor = events.cursor.clone();
    drop(events);
    ada.delete(&format!("/api/v1/rooms/900/members/{}", ada.id)).await.expect(204);
    let mut events = Events::open(&ada, "/api/v1/events", Some(&cursor)).await;
    let left = events.next().await.expect("an event");
    assert_eq!(left, ("room.left".to_owned(), json!({"room_id": 900})));
}
