use serde_json::json;

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Frame, Socket};

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
async fn a_removal_takes_the_persons_sockets_out_of_the_room() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    let (room_channel, own_channel) = (format!("private-room.{room}"), format!("private-user.{}", grace.id));
    let mut socket = Socket::open(&server).await;
    socket.join(&grace, &room_channel).await;
    socket.join(&grace, &own_channel).await;
    ada.delete(&format!("/api/v1/rooms/{room}/members/{}", grace.id)).await.expect(204);
    ada.say(room, "among us").await;

    let mut frames = Vec::new();
    while !frames.iter().any(|frame: &Frame| frame.event == "room.left") {
        frames.push(socket.next().await);
    }
    let revoked = frames.iter().find(|frame| frame.event == "pusher:subscription_error").expect("a revocation");
    assert_eq!((&revoked.channel, &revoked.data["status"]), (&room_channel, &json!(403)));
    assert_eq!(frames.last().map(|frame| frame.data.clone()), Some(json!({"room_id": room})));
    grace.put(&format!("/api/v1/rooms/{room}/read"), &json!({"number": 1})).await.expect_problem(403, "not_a_member");
    grace.join(room).await;
    assert_eq!(socket.next().await.event, "room.joined", "nothing of the room came in between");
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
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    ada.say(room, "hello").await;
    ada.say(room, "again").await;
    let mut socket = Socket::open(&server).await;
    socket.join(&grace, &format!("private-user.{}", grace.id)).await;
    let read = format!("/api/v1/rooms/{room}/read");
    for number in [1, 1, 2] {
        grace.put(&read, &json!({"number": number})).await.expect(204);
    }
    for (read_number, unread) in [(1, 1), (2, 0)] {
        let frame = socket.next().await;
        assert_eq!(frame.event, "room.read");
        assert_eq!(
            frame.data,
            json!({"room_id": room, "read_number": read_number, "unread": unread, "message_count": 2, "last_seq": 5})
        );
    }
}
