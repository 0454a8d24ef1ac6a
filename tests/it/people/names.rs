use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::settings::PASSWORD;

/// Characters of no width, fillers, tags, and turns of direction.
const NOTHING: [&str; 6] =
    ["\u{3164}", "\u{200b}\u{2060}", "\u{e0041}\u{e0042}", "\u{202e}", "\u{180e}\u{fe0f}", "\u{115f}"];

#[actix_web::test]
async fn a_name_of_characters_that_show_nothing_is_empty_wherever_one_is_given() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    for name in NOTHING {
        let person = json!({"username": "bob", "password": PASSWORD, "name": name});
        server.stranger().post("/api/v1/users", &person).await.expect_problem(422, "name_empty");
        ada.post("/api/v1/rooms", &json!({"name": name})).await.expect_problem(422, "room_name_empty");
        let documents = format!("/api/v1/rooms/{room}/documents");
        ada.post(&documents, &json!({"title": name})).await.expect_problem(422, "document_title_empty");
        let messages = format!("/api/v1/rooms/{room}/messages");
        ada.post(&messages, &json!({"body": name})).await.expect_problem(422, "message_empty");
        let topic = ada.patch(&format!("/api/v1/rooms/{room}"), &json!({"topic": name})).await.expect(200);
        assert_eq!(topic.json["topic"], "", "{name:?}");
    }
}

#[actix_web::test]
async fn a_name_is_stored_as_it_is_read() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let person =
        json!({"username": "bob", "password": PASSWORD, "name": "\u{202e}Bob\u{2069} \u{3164}Bo\u{200b}w\u{e0041}"});
    let answer = server.stranger().post("/api/v1/users", &person).await.expect(201);
    assert_eq!(answer.json["user"]["name"], "Bob Bow");
    let room = ada.post("/api/v1/rooms", &json!({"name": "می\u{200c}خواهم 👩\u{200d}💻\u{2060}"})).await.expect(201);
    assert_eq!(room.json["name"], "می\u{200c}خواهم 👩\u{200d}💻");
}

/// Finds objects that name a person and do not say which one of that name.
fn unclear(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if fields.get("name").is_some_and(|own| own == name) && !fields.contains_key("username") {
                found.push(value.to_string());
            }
            fields.values().for_each(|value| unclear(value, name, found));
        }
        Value::Array(items) => items.iter().for_each(|value| unclear(value, name, found)),
        Value::String(text) => {
            // The data of a channel is JSON in a string.
            if let Ok(inner @ Value::Object(_)) = serde_json::from_str(text) {
                unclear(&inner, name, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[actix_web::test]
async fn wherever_a_person_is_named_their_user_name_tells_them_from_another_of_that_name() {
    let server = Server::start().await;
    let mut people = Vec::new();
    for username in ["ada", "adam"] {
        let person = json!({"username": username, "password": PASSWORD, "name": "Ada Lovelace"});
        let answer = server.stranger().post("/api/v1/users", &person).await.expect(201);
        people.push((server.stranger().with_token(&answer.string("/access_token")), answer.number("/user/id")));
    }
    let ((ada, _), (_, adam)) = (&people[0], &people[1]);
    let room = ada.create_room("Lobby", "open").await;
    ada.post(&format!("/api/v1/rooms/{room}/members"), &json!({"user_id": adam})).await.expect(200);
    let message = ada.say(room, "hello").await;
    let document = ada.post(&format!("/api/v1/rooms/{room}/documents"), &json!({"title": "Notes"})).await.expect(201);
    let document = document.number("/id");
    let mut answers = vec![
        ada.post("/broadcasting/auth", &json!({"socket_id": "1.2", "channel_name": format!("presence-room.{room}")}))
            .await,
        ada.post("/broadcasting/user-auth", &json!({"socket_id": "1.2"})).await,
    ];
    for path in [
        "me".to_owned(),
        "users?query=ada".to_owned(),
        "rooms".to_owned(),
        format!("rooms/{room}/members"),
        format!("rooms/{room}/messages"),
        format!("rooms/{room}/messages/{}", message["id"]),
        format!("rooms/{room}/events?after=0"),
        format!("rooms/{room}/documents"),
        format!("documents/{document}"),
        format!("documents/{document}/versions"),
        "search?q=hello".to_owned(),
    ] {
        answers.push(ada.get(&format!("/api/v1/{path}")).await);
    }
    let mut named = 0;
    for answer in answers {
        let answer = answer.expect(200);
        named += usize::from(answer.text.contains("Ada Lovelace"));
        let mut found = Vec::new();
        unclear(&answer.json, "Ada Lovelace", &mut found);
        assert_eq!(found, [""; 0], "{}", answer.text);
    }
    assert!(named >= 10, "only {named} answers name a person");
}
