use serde_json::{Value, json};

use crate::support::person::Person;
use crate::support::server::Server;

async fn room_names(person: &Person) -> Vec<String> {
    let answer = person.get("/api/v1/rooms").await.expect(200);
    let items = answer.json["items"].as_array().cloned().expect("a list");
    items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

#[actix_web::test]
async fn whoever_makes_a_room_is_its_first_member() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let body = json!({"name": "Engines", "topic": "analytical ones", "kind": "closed"});
    let answer = ada.post("/api/v1/rooms", &body).await.expect(201);
    assert_eq!(answer.header("location"), format!("/api/v1/rooms/{}", answer.number("/id")));
    assert_eq!((&answer.json["kind"], &answer.json["topic"]), (&json!("closed"), &json!("analytical ones")));
    assert_eq!(answer.json["created_by"], ada.id);
    assert_eq!((&answer.json["membership"]["unread"], &answer.json["last_seq"]), (&json!(0), &json!(2)));
}

#[actix_web::test]
async fn a_room_can_be_made_with_its_members() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let body = json!({"name": "Pair", "kind": "closed", "member_ids": [grace.id]});
    ada.post("/api/v1/rooms", &body).await.expect(201);
    assert_eq!(room_names(&grace).await, ["Pair"]);
    let body = json!({"name": "Nobody", "member_ids": [999]});
    ada.post("/api/v1/rooms", &body).await.expect_problem(404, "user_not_found");
    assert_eq!(room_names(&ada).await, ["Pair"]);
}

#[actix_web::test]
async fn the_list_has_ones_own_rooms_first_and_no_closed_ones_of_others() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    ada.create_room("Bar", "open").await;
    ada.create_room("Attic", "open").await;
    ada.create_room("Secret", "closed").await;
    grace.create_room("Zoo", "open").await;
    assert_eq!(room_names(&grace).await, ["Zoo", "Attic", "Bar"]);
    let rooms = grace.get("/api/v1/rooms").await.json;
    assert!(rooms["items"][0]["membership"].is_object() && rooms["items"][1]["membership"].is_null());
}

#[actix_web::test]
async fn joining_twice_changes_nothing() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    let path = format!("/api/v1/rooms/{room}/join");
    let first = grace.post(&path, &json!({})).await.expect(200);
    let second = grace.post(&path, &json!({})).await.expect(200);
    assert_eq!(first.json, second.json);
    assert!(first.json["membership"].is_object());
}

#[actix_web::test]
async fn a_room_is_changed_by_its_maker_or_an_administrator() {
    let server = Server::start().await;
    let (admin, maker, member) =
        (server.sign_up("ada").await, server.sign_up("grace").await, server.sign_up("linus").await);
    let room = maker.create_room("Lobby", "open").await;
    member.join(room).await;
    let path = format!("/api/v1/rooms/{room}");
    member.patch(&path, &json!({"name": "Mine"})).await.expect_problem(403, "not_allowed");
    let renamed = maker.patch(&path, &json!({"name": "Hall"})).await.expect(200);
    assert_eq!((&renamed.json["name"], &renamed.json["topic"]), (&json!("Hall"), &json!("")));
    assert_eq!(admin.patch(&path, &json!({"topic": "talk"})).await.expect(200).json["topic"], "talk");
    let seq = maker.get(&path).await.number("/last_seq");
    maker.patch(&path, &json!({"name": "Hall"})).await.expect(200);
    assert_eq!(maker.get(&path).await.number("/last_seq"), seq, "nothing differed, so nothing happened");
}

#[actix_web::test]
async fn what_makes_a_room_invalid_is_named() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let cases: [(Value, &str); 7] = [
        (json!({"name": " "}), "room_name_empty"),
        (json!({"name": "x".repeat(81)}), "room_name_too_long"),
        (json!({"name": "a\u{0}b"}), "invalid_text"),
        (json!({"name": "a\nb"}), "invalid_text"),
        (json!({"name": "Lobby", "kind": "secret"}), "invalid_room_kind"),
        (json!({"name": "Lobby", "topic": "x".repeat(251)}), "room_topic_too_long"),
        (json!({"name": "Lobby", "color": "red"}), "unknown_field"),
    ];
    for (body, code) in cases {
        let detail = ada.post("/api/v1/rooms", &body).await.expect_problem(422, code);
        if code.ends_with("too_long") {
            assert!(detail.contains("HUBBUB_MAX_ROOM_"), "{detail}");
        }
    }
    assert_eq!(room_names(&ada).await, [""; 0]);
}
