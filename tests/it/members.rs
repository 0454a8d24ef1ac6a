use hubbub::domain::{RoomId, UserId};
use hubbub::events::{BusMessage, ChatChannel};
use serde_json::json;
use tokio::time::timeout;

use crate::harness::{DEADLINE, Person, Server};

async fn member_names(person: &Person, room: i64) -> Vec<String> {
    let answer = person.get(&format!("/api/v1/rooms/{room}/members")).await.expect(200);
    let items = answer.json["items"].as_array().cloned().expect("a list");
    items.iter().map(|item| item["username"].as_str().expect("a name").to_owned()).collect()
}

#[actix_web::test]
async fn any_member_may_invite_and_nobody_else() {
    let server = Server::start().await;
    let (ada, grace, eve) = (server.sign_up("ada").await, server.sign_up("grace").await, server.sign_up("eve").await);
    let room = ada.create_room("Secret", "closed").await;
    let path = format!("/api/v1/rooms/{room}/members");
    eve.post(&path, &json!({"user_id": eve.id})).await.expect_problem(404, "room_not_found");
    let invited = ada.post(&path, &json!({"user_id": grace.id})).await.expect(200);
    assert!(invited.json["items"][1]["joined_at"].is_string());
    assert_eq!(member_names(&grace, room).await, ["ada", "grace"]);
    grace.post(&path, &json!({"user_id": eve.id})).await.expect(200);
    assert_eq!(member_names(&eve, room).await, ["ada", "eve", "grace"]);
    ada.post(&path, &json!({"user_id": 999})).await.expect_problem(404, "user_not_found");
}

#[actix_web::test]
async fn everybody_may_leave_and_only_the_maker_or_an_administrator_may_remove() {
    let server = Server::start().await;
    let admin = server.sign_up("ada").await;
    let (maker, member, other) =
        (server.sign_up("grace").await, server.sign_up("linus").await, server.sign_up("ken").await);
    let room = maker.create_room("Lobby", "open").await;
    for person in [&admin, &member, &other] {
        person.join(room).await;
    }
    let path = |person: &Person| format!("/api/v1/rooms/{room}/members/{}", person.id);
    member.delete(&path(&other)).await.expect_problem(403, "not_allowed");
    maker.delete(&path(&other)).await.expect(204);
    admin.delete(&path(&member)).await.expect(204);
    admin.delete(&path(&admin)).await.expect(204);
    assert_eq!(member_names(&maker, room).await, ["grace"]);
    maker.delete(&path(&other)).await.expect_problem(404, "member_not_found");
    other.delete(&path(&other)).await.expect_problem(403, "not_a_member");
}

#[actix_web::test]
async fn a_removal_orders_the_sockets_out_of_the_room() {
    let mut server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    ada.delete(&format!("/api/v1/rooms/{room}/members/{}", grace.id)).await.expect(204);
    let mut revoked = Vec::new();
    while revoked.len() < 2 {
        let message = timeout(DEADLINE, server.bus.recv()).await.expect("in time").expect("the bus is open");
        if let BusMessage::Revoke(revocation) = message {
            assert_eq!(revocation.user_id, UserId(grace.id));
            revoked.push(revocation.channel);
        }
    }
    let channels = [ChatChannel::Room(RoomId(room)), ChatChannel::RoomPresence(RoomId(room))];
    assert_eq!(revoked, channels.map(|channel| channel.to_string()));
}

#[actix_web::test]
async fn unread_counts_what_others_wrote_until_it_is_read() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    for text in ["one", "two", "three"] {
        ada.say(room, text).await;
    }
    let path = format!("/api/v1/rooms/{room}");
    let unread = async |person: &Person| person.get(&path).await.expect(200).number("/membership/unread");
    assert_eq!((unread(&ada).await, unread(&grace).await), (0, 3));
    let read = format!("{path}/read");
    grace.put(&read, &json!({"number": 2})).await.expect(204);
    assert_eq!(unread(&grace).await, 1);
    grace.put(&read, &json!({"number": 1})).await.expect(204);
    assert_eq!(unread(&grace).await, 1, "never backwards");
    grace.put(&read, &json!({"number": 99})).await.expect(204);
    assert_eq!(unread(&grace).await, 0, "never beyond the last");
}

#[actix_web::test]
async fn reading_is_told_to_ones_other_devices_when_it_moved() {
    let mut server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    ada.say(room, "hello").await;
    let read = format!("/api/v1/rooms/{room}/read");
    grace.put(&read, &json!({"number": 1})).await.expect(204);
    grace.put(&read, &json!({"number": 1})).await.expect(204);
    ada.say(room, "sentinel").await;
    let mut told = Vec::new();
    loop {
        match timeout(DEADLINE, server.bus.recv()).await.expect("in time").expect("the bus is open") {
            BusMessage::Event(event) if event.event == "room.read" => told.push((event.channel, event.data)),
            BusMessage::Event(event) if event.data.contains("sentinel") => break,
            BusMessage::Event(_) | BusMessage::Revoke(_) => {}
        }
    }
    let data = format!(r#"{{"room_id":{room},"read_number":1}}"#);
    assert_eq!(told, [(format!("private-user.{}", grace.id), data)]);
}
