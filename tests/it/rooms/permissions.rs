//! Whoever does not belong to a room reads nothing of it and changes nothing in it, by whatever call.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::person::{Answer, Person};
use crate::support::server::Server;

/// Every call about a room and a message, with a body that would be valid.
fn calls(room: i64, message: i64, member: i64) -> Vec<(Method, String, Value)> {
    let room = format!("/api/v1/rooms/{room}");
    let message = format!("{room}/messages/{message}");
    vec![
        (Method::GET, format!("{room}/members"), Value::Null),
        (Method::POST, format!("{room}/members"), json!({"user_id": member})),
        (Method::PUT, format!("{room}/read"), json!({"number": 1})),
        (Method::GET, format!("{room}/messages"), Value::Null),
        (Method::POST, format!("{room}/messages"), json!({"body": "intruder"})),
        (Method::GET, message.clone(), Value::Null),
        (Method::PATCH, message.clone(), json!({"body": "intruder"})),
        (Method::DELETE, message.clone(), Value::Null),
        (Method::GET, format!("{message}/flow"), Value::Null),
        (Method::GET, format!("{room}/events?after=0"), Value::Null),
    ]
}

async fn call(person: &Person, method: &Method, path: &str, body: &Value) -> Answer {
    let request = person.request(method.clone(), path);
    Answer::of(if body.is_null() { request } else { request.json(body) }).await
}

struct Scene {
    server: Server,
    ada: Person,
    eve: Person,
    room: i64,
    message: i64,
}

/// Ada has said something in a room; Eve has an account.
async fn scene(kind: &str) -> Scene {
    let server = Server::start().await;
    // The administrator, who sees no more rooms than others; so Ada is none.
    server.sign_up("admin").await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let room = ada.create_room("Hers", kind).await;
    let message = ada.say(room, "between us").await["id"].as_i64().expect("an id");
    Scene { server, ada, eve, room, message }
}

async fn assert_untouched(scene: &Scene) {
    assert_eq!(scene.ada.bodies(scene.room).await, ["between us"]);
    let members = scene.ada.get(&format!("/api/v1/rooms/{}/members", scene.room)).await.expect(200);
    assert_eq!(members.json["items"].as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn a_closed_room_of_others_does_not_exist() {
    let scene = scene("closed").await;
    let room = format!("/api/v1/rooms/{}", scene.room);
    let mut refused = calls(scene.room, scene.message, scene.eve.id);
    refused.push((Method::GET, room.clone(), Value::Null));
    refused.push((Method::PATCH, room.clone(), json!({"name": "Mine"})));
    refused.push((Method::POST, format!("{room}/join"), json!({})));
    refused.push((Method::DELETE, format!("{room}/members/{}", scene.ada.id), Value::Null));
    for (method, path, body) in refused {
        let answer = call(&scene.eve, &method, &path, &body).await;
        answer.expect_problem(404, "room_not_found");
        assert!(!answer.text.contains("between us"), "{method} {path}");
        let absent = path.replacen(&room, "/api/v1/rooms/999999", 1);
        let of_nothing = call(&scene.eve, &method, &absent, &body).await;
        assert_eq!(of_nothing.expect_problem(404, "room_not_found"), answer.string("/detail"), "{method} {path}");
    }
    assert_untouched(&scene).await;
}

#[actix_web::test]
async fn an_open_room_that_was_not_joined_shows_itself_but_nothing_in_it() {
    let scene = scene("open").await;
    scene.eve.get(&format!("/api/v1/rooms/{}", scene.room)).await.expect(200);
    for (method, path, body) in calls(scene.room, scene.message, scene.eve.id) {
        let answer = call(&scene.eve, &method, &path, &body).await;
        answer.expect_problem(403, "not_a_member");
        assert!(!answer.text.contains("between us"), "{method} {path}");
    }
    assert_untouched(&scene).await;
}

#[actix_web::test]
async fn without_a_token_nothing_answers() {
    let scene = scene("open").await;
    let mut all = calls(scene.room, scene.message, scene.eve.id);
    for path in [
        "/api/v1/me",
        "/api/v1/users",
        "/api/v1/rooms",
        "/api/v1/tokens",
        "/api/v1/events",
        "/api/v1/search?q=us",
        "/api/v1/files/1",
    ] {
        all.push((Method::GET, path.to_owned(), Value::Null));
    }
    all.push((Method::DELETE, "/api/v1/session".to_owned(), Value::Null));
    for (method, path, body) in all {
        call(&scene.server.stranger(), &method, &path, &body).await.expect_problem(401, "token_missing");
    }
    assert_untouched(&scene).await;
}

#[actix_web::test]
async fn a_message_is_reached_only_through_its_own_room() {
    let scene = scene("closed").await;
    let eves = scene.eve.create_room("Hers too", "open").await;
    let path = format!("/api/v1/rooms/{eves}/messages/{}", scene.message);
    scene.eve.get(&path).await.expect_problem(404, "message_not_found");
    scene.eve.patch(&path, &json!({"body": "intruder"})).await.expect_problem(404, "message_not_found");
    scene.eve.delete(&path).await.expect_problem(404, "message_not_found");
    scene.eve.get(&format!("{path}/flow")).await.expect_problem(404, "message_not_found");
    let around = format!("/api/v1/rooms/{eves}/messages?around={}", scene.message);
    scene.eve.get(&around).await.expect_problem(404, "message_not_found");
    assert_untouched(&scene).await;
}

#[actix_web::test]
async fn a_member_who_left_reads_nothing_more() {
    let scene = scene("closed").await;
    let path = format!("/api/v1/rooms/{}/members", scene.room);
    scene.ada.post(&path, &json!({"user_id": scene.eve.id})).await.expect(200);
    assert_eq!(scene.eve.bodies(scene.room).await, ["between us"]);
    scene.eve.delete(&format!("{path}/{}", scene.eve.id)).await.expect(204);
    for (method, path, body) in calls(scene.room, scene.message, scene.eve.id) {
        call(&scene.eve, &method, &path, &body).await.expect_problem(404, "room_not_found");
    }
    assert_untouched(&scene).await;
}
