use reqwest::Method;
use serde_json::json;

use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::socket::Socket;

/// Ada in a room of her own.
async fn ada_in_a_room() -> (Server, Person, i64, String) {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    (server, ada, room, format!("/api/v1/rooms/{room}/messages"))
}

#[actix_web::test]
async fn the_curl_lesson_holds_literally() {
    let (_server, ada, room, path) = ada_in_a_room().await;
    let form = "application/x-www-form-urlencoded";
    for body in ["hello", "salt & pepper = 100%", "a=b&c=d", "body=x", "1+1", "%20", "{\"body\":\"x\"}"] {
        let answer = ada.post_raw(&path, form, body).await.expect(201);
        assert_eq!(answer.string("/body"), body);
    }
    ada.post_raw(&path, "text/plain; charset=utf-8", "grüße").await.expect(201);
    Answer::of(ada.request(Method::POST, &path).body("no type at all")).await.expect(201);
    assert_eq!(ada.bodies(room).await[7..], ["grüße", "no type at all"]);
}

#[actix_web::test]
async fn a_posted_message_is_answered_with_itself_its_place_and_its_time_line() {
    let (_server, ada, room, path) = ada_in_a_room().await;
    let answer = ada.post(&path, &json!({"body": "**hi**  ", "client_id": "c-1"})).await.expect(201);
    let id = answer.number("/id");
    assert_eq!(answer.header("location"), format!("{path}/{id}"));
    assert_eq!((answer.number("/room_id"), answer.number("/seq"), answer.number("/number")), (room, 3, 1));
    assert_eq!(answer.string("/html"), "<p><strong>hi</strong></p>\n");
    assert_eq!(answer.json["author"], json!({"id": ada.id, "username": "ada", "name": "ada"}));
    assert_eq!((&answer.json["client_id"], &answer.json["edited_at"]), (&json!("c-1"), &json!(null)));
    let timing = answer.header("server-timing");
    for step in ["parse;dur=", "store;dur=", "dispatch;dur=", "total;dur="] {
        assert!(timing.contains(step), "{timing}");
    }
    assert_eq!(ada.get(answer.header("location")).await.expect(200).json, answer.json);
}

#[actix_web::test]
async fn a_posted_message_reaches_the_sockets_of_its_room_once() {
    let (server, ada, room, path) = ada_in_a_room().await;
    let channel = format!("private-room.{room}");
    let mut socket = Socket::open(&server).await;
    socket.join(&ada, &channel).await;
    let body = json!({"body": "hello", "client_id": "once"});
    let answer = ada.post(&path, &body).await.expect(201);
    ada.post(&path, &body).await.expect(200);
    ada.say(room, "sentinel").await;
    let frame = socket.next().await;
    assert_eq!((frame.event.as_str(), &frame.channel), ("message.posted", &channel));
    assert_eq!(frame.data["message"], answer.json);
    assert!(frame.data["flow"]["stored_us"].is_u64() && frame.data["flow"]["received_at"].is_string());
    assert_eq!(socket.next().await.data["message"]["body"], "sentinel");
    let flow = ada.get(&format!("{path}/{}/flow", answer.number("/id"))).await.expect(200);
    assert_eq!(flow.json["sockets"], 1);
    assert!(flow.number("/heard_us") <= flow.number("/written_us"));
}

#[actix_web::test]
async fn a_repeated_post_is_answered_with_the_first_result() {
    let (_server, ada, room, path) = ada_in_a_room().await;
    let body = json!({"body": "hello", "client_id": "k-1"});
    let first = ada.post(&path, &body).await.expect(201);
    let again = ada.post(&path, &body).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json, first.json);

    for key in ["k-1", "\"k-1\""] {
        let request = ada.request(Method::POST, &path).header("idempotency-key", key).body("hello");
        let by_header = Answer::of(request).await.expect(200);
        assert_eq!(by_header.json["id"], first.json["id"]);
    }
    assert_eq!(ada.bodies(room).await, ["hello"]);
}

#[actix_web::test]
async fn a_client_id_stands_for_one_text_in_one_room() {
    let (server, ada, room, path) = ada_in_a_room().await;
    ada.post(&path, &json!({"body": "hello", "client_id": "k-1"})).await.expect(201);
    let other_text = ada.post(&path, &json!({"body": "goodbye", "client_id": "k-1"})).await;
    other_text.expect_problem(409, "client_id_reused");
    let other_room = ada.create_room("Attic", "open").await;
    let elsewhere = format!("/api/v1/rooms/{other_room}/messages");
    ada.post(&elsewhere, &json!({"body": "hello", "client_id": "k-1"})).await.expect_problem(409, "client_id_reused");
    assert_eq!(ada.bodies(room).await, ["hello"]);
    assert_eq!(ada.bodies(other_room).await, [""; 0]);

    let grace = server.sign_up("grace").await;
    grace.join(room).await;
    grace.post(&path, &json!({"body": "mine", "client_id": "k-1"})).await.expect(201);
}

#[actix_web::test]
async fn a_client_id_of_another_form_is_refused() {
    let (_server, ada, _, path) = ada_in_a_room().await;
    for client_id in ["", "with space", "ü", &"x".repeat(65)] {
        let answer = ada.post(&path, &json!({"body": "hello", "client_id": client_id})).await;
        answer.expect_problem(422, "invalid_client_id");
    }
    let request = ada.request(Method::POST, &path).header("idempotency-key", "one");
    let differing = Answer::of(request.json(&json!({"body": "hello", "client_id": "other"}))).await;
    differing.expect_problem(422, "invalid_client_id");
}

#[actix_web::test]
async fn an_author_edits_by_text_or_json_and_everybody_sees_it() {
    let (server, ada, room, path) = ada_in_a_room().await;
    let grace = server.sign_up("grace").await;
    grace.join(room).await;
    let message = format!("{path}/{}", ada.say(room, "helo").await["id"]);
    let edited = ada.patch(&message, &json!({"body": "hello"})).await.expect(200);
    assert!(edited.json["edited_at"].is_string());
    let by_text = Answer::of(ada.request(Method::PATCH, &message).body("*hello*")).await.expect(200);
    assert_eq!(by_text.string("/html"), "<p><em>hello</em></p>\n");
    assert_eq!(grace.bodies(room).await, ["*hello*"]);
    grace.patch(&message, &json!({"body": "mine"})).await.expect_problem(403, "not_allowed");
    ada.patch(&message, &json!({"body": " "})).await.expect_problem(422, "message_empty");
    assert_eq!(grace.bodies(room).await, ["*hello*"]);
}

#[actix_web::test]
async fn a_message_taken_back_keeps_its_place_and_loses_its_text() {
    let (server, admin, room, path) = ada_in_a_room().await;
    let (author, other) = (server.sign_up("grace").await, server.sign_up("linus").await);
    author.join(room).await;
    other.join(room).await;
    let message = format!("{path}/{}", author.say(room, "oops").await["id"]);
    other.delete(&message).await.expect_problem(403, "not_allowed");
    let deleted = author.delete(&message).await.expect(200);
    assert!(deleted.json["deleted_at"].is_string());
    assert_eq!((deleted.string("/body"), deleted.string("/html")), (String::new(), String::new()));
    assert_eq!(author.delete(&message).await.expect(200).json, deleted.json, "twice is once");
    assert_eq!(other.bodies(room).await, [""]);
    author.patch(&message, &json!({"body": "back"})).await.expect_problem(404, "message_not_found");

    let by_admin = format!("{path}/{}", author.say(room, "spam").await["id"]);
    admin.delete(&by_admin).await.expect(200);
}

#[actix_web::test]
async fn a_message_shows_how_it_came() {
    let (server, ada, room, path) = ada_in_a_room().await;
    let message = ada.say(room, "hello").await;
    let flow = format!("{path}/{}/flow", message["id"]);
    let answer = ada.get(&flow).await.expect(200);
    assert_eq!((&answer.json["message_id"], &answer.json["seq"]), (&message["id"], &message["seq"]));
    assert!(answer.number("/stored_us") <= answer.number("/dispatched_us"));
    assert!(answer.number("/dispatched_us") <= answer.number("/answered_us"));
    let stranger = server.sign_up("grace").await;
    stranger.delete(&format!("/api/v1/rooms/{room}/members/{}", stranger.id)).await.expect(204);
    stranger.get(&flow).await.expect_problem(403, "not_a_member");
}

#[actix_web::test]
async fn an_old_messages_time_line_is_forgotten() {
    let server = Server::start_with(|config| config.http.flow_entries = 1).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let first = ada.say(room, "one").await;
    ada.say(room, "two").await;
    let flow = ada.get(&format!("/api/v1/rooms/{room}/messages/{}/flow", first["id"])).await;
    assert!(flow.expect_problem(404, "flow_forgotten").contains("HUBBUB_FLOW_ENTRIES"));
}
