use serde_json::json;

use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn an_archived_room_refuses_what_is_written_in_it() {
    let server = Server::start().await;
    let (admin, maker, member) =
        (server.sign_up("admin").await, server.sign_up("maker").await, server.sign_up("member").await);
    let room = maker.create_room("Old", "open").await;
    member.join(room).await;
    let path = format!("/api/v1/rooms/{room}");
    let message = member.say(room, "hello").await["id"].as_i64().expect("an id");
    let document = member.post(&format!("{path}/documents"), &json!({"title": "Plan"})).await.expect(201).number("/id");
    member.patch(&path, &json!({"archived": true})).await.expect_problem(403, "not_allowed");
    let archived = maker.patch(&path, &json!({"archived": true})).await.expect(200);
    assert!(archived.json["archived_at"].is_string(), "{}", archived.text);

    let messages = format!("{path}/messages");
    member.post(&messages, &json!({"body": "more"})).await.expect_problem(409, "room_archived");
    let edit = member.patch(&format!("{messages}/{message}"), &json!({"body": "other"})).await;
    edit.expect_problem(409, "room_archived");
    member.post_raw(&format!("{path}/files?name=a.txt"), "text/plain", "a").await.expect_problem(409, "room_archived");
    member.post(&format!("{path}/documents"), &json!({"title": "B"})).await.expect_problem(409, "room_archived");
    let document = format!("/api/v1/documents/{document}");
    member.patch(&document, &json!({"title": "B"})).await.expect_problem(409, "room_archived");
    member.get(&document).await.expect(200);
    assert_eq!(member.bodies(room).await, ["hello"]);

    for (list, count) in [("/api/v1/rooms", 0), ("/api/v1/rooms?archived=true", 1)] {
        assert_eq!(member.get(list).await.json["items"].as_array().map(Vec::len), Some(count), "{list}");
    }
    assert_eq!(admin.get("/api/v1/rooms?all=true").await.json["items"].as_array().map(Vec::len), Some(0));
    let found = member.get("/api/v1/search?q=hello").await.expect(200);
    assert_eq!(found.json["items"].as_array().map(Vec::len), Some(0), "{}", found.text);
    let found = member.get("/api/v1/search?q=hello&archived=true").await.expect(200);
    assert_eq!(found.json["items"].as_array().map(Vec::len), Some(1), "{}", found.text);

    admin.patch(&path, &json!({"archived": false})).await.expect(200);
    member.say(room, "more").await;
}

#[actix_web::test]
async fn those_who_are_no_members_hear_of_open_rooms_and_of_no_closed_ones() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let mut socket = Socket::open(&server).await;
    socket.join(&eve, "private-rooms").await;
    let closed = ada.create_room("Secret", "closed").await;
    ada.patch(&format!("/api/v1/rooms/{closed}"), &json!({"name": "Other"})).await.expect(200);
    let open = ada.create_room("Lobby", "open").await;
    let path = format!("/api/v1/rooms/{open}");
    let created = socket.expect("room.created").await;
    assert_eq!((&created.data["room"]["name"], &created.data["room_id"]), (&json!("Lobby"), &json!(open)));
    ada.patch(&path, &json!({"archived": true})).await.expect(200);
    assert!(socket.expect("room.changed").await.data["room"]["archived_at"].is_string());
    ada.delete(&path).await.expect(204);
    assert_eq!(socket.expect("room.deleted").await.data["room_id"], json!(open));
}
