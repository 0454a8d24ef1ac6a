use serde_json::json;

use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn a_deleted_room_is_gone_for_everybody_and_its_members_are_told() {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let room = ada.create_room("Secret", "closed").await;
    let path = format!("/api/v1/rooms/{room}");
    ada.post(&format!("{path}/members"), &json!({"user_id": bob.id})).await.expect(200);
    ada.say(room, "between us").await;
    let mut socket = Socket::open(&server).await;
    socket.join(&bob, &format!("private-user.{}", bob.id)).await;
    let mut in_room = Socket::open(&server).await;
    in_room.join(&bob, &format!("private-room.{room}")).await;

    ada.delete(&path).await.expect_problem(403, "administrators_only");
    admin.delete(&path).await.expect(204);
    let told = socket.expect("room.deleted").await;
    assert_eq!((&told.data["room_id"], &told.data["actor"]["username"]), (&json!(room), &json!("admin")));
    assert_eq!(told.data["room"]["name"], "", "the name is gone with the rest");
    // The revocation may overtake the event on this channel.
    loop {
        let frame = in_room.next().await;
        match frame.event.as_str() {
            "room.deleted" => {}
            "pusher:subscription_error" => break,
            other => panic!("{other}"),
        }
    }

    for person in [&admin, &ada, &bob] {
        person.get(&path).await.expect_problem(404, "room_not_found");
        person.get(&format!("{path}/events?after=0")).await.expect_problem(404, "room_not_found");
        let list = person.get("/api/v1/rooms?archived=true").await.expect(200);
        assert_eq!(list.json["items"], json!([]));
        let found = person.get("/api/v1/search?q=between&archived=true").await.expect(200);
        assert_eq!(found.json["items"], json!([]));
    }
    admin.delete(&path).await.expect_problem(404, "room_not_found");
    let channel = json!({"socket_id": "1.1", "channel_name": format!("private-room.{room}")});
    bob.post("/broadcasting/auth", &channel).await.expect_problem(403, "channel_refused");
}

#[actix_web::test]
async fn whoever_signs_up_by_invitation_is_in_the_default_rooms_and_their_members_see_it() {
    let server = Server::start().await;
    let admin = server.sign_up("admin").await;
    let lobby = admin.create_room("Lobby", "open").await;
    admin.create_room("Workshop", "open").await;
    let mut socket = Socket::open(&server).await;
    socket.join(&admin, &format!("private-room.{lobby}")).await;
    let eve = server.sign_up("eve").await;
    let joined = socket.expect("member.joined").await;
    assert_eq!(joined.data["user"]["username"], "eve");
    let rooms = eve.get("/api/v1/rooms").await.expect(200);
    assert_eq!(
        (&rooms.json["items"][0]["name"], rooms.json["items"][0]["membership"].is_object()),
        (&json!("Lobby"), true)
    );
    assert!(rooms.json["items"][1]["membership"].is_null());
    let path = format!("/api/v1/rooms/{lobby}");
    eve.patch(&path, &json!({"is_default": false})).await.expect_problem(403, "not_allowed");
    let changed = admin.patch(&path, &json!({"is_default": false})).await.expect(200);
    assert_eq!(changed.json["is_default"], false);
    let closed = admin.create_room("Board", "closed").await;
    let refused = admin.patch(&format!("/api/v1/rooms/{closed}"), &json!({"is_default": true})).await;
    refused.expect_problem(422, "invalid_default_room");
}
