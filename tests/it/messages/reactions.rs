//! Reactions: an emoji that somebody puts under a message, and takes back.

use serde_json::json;

use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn a_reaction_reaches_the_members_once_and_nobody_else() {
    let server = Server::start().await;
    let (ada, bob, eve) = (server.sign_up("ada").await, server.sign_up("bob").await, server.sign_up("eve").await);
    let room = ada.create_room("Lobby", "closed").await;
    ada.post(&format!("/api/v1/rooms/{room}/members"), &json!({"user_id": bob.id})).await.expect(200);
    let id = ada.say(room, "ship it?").await["id"].as_i64().expect("an id");
    let mut socket = Socket::open(&server).await;
    socket.join(&ada, &format!("private-room.{room}")).await;
    let path = format!("/api/v1/rooms/{room}/messages/{id}/reactions/%F0%9F%91%8D");

    let put = async |person: &crate::support::person::Person| person.put(&path, &json!({})).await;
    put(&eve).await.expect_problem(404, "room_not_found");
    let answer = put(&bob).await.expect(200);
    let user = json!({"id": bob.id, "username": "bob", "name": "bob"});
    assert_eq!(answer.json["reactions"], json!([{"emoji": "👍", "count": 1, "users": [user]}]));
    put(&bob).await.expect(200);
    let event = socket.expect("reaction.added").await.data;
    assert_eq!(event["reaction"], json!({"message_id": id, "emoji": "👍", "user": user}));
    assert_eq!((&event["actor"], &event["seq"]), (&user, &answer.json["changed_seq"]));

    let answer = bob.delete(&path).await.expect(200);
    assert_eq!(answer.json["reactions"], json!([]));
    bob.delete(&path).await.expect(200);
    let event = socket.expect("reaction.removed").await.data;
    assert_eq!(event["seq"], answer.json["changed_seq"]);
    ada.say(room, "sentinel").await;
    assert_eq!(socket.next().await.event, "message.posted", "repeating changes nothing");
    eve.delete(&path).await.expect_problem(404, "room_not_found");
    let log = bob.get(&format!("/api/v1/rooms/{room}/events?after=0")).await.expect(200);
    let types: Vec<_> = log.json["items"].as_array().expect("a list").iter().map(|event| &event["type"]).collect();
    assert!(
        types.ends_with(&[&json!("reaction.added"), &json!("reaction.removed"), &json!("message.posted")]),
        "{types:?}"
    );
}

#[actix_web::test]
async fn what_is_no_reaction_is_refused_with_the_setting_or_the_rule() {
    let server = Server::start_with(|config| config.http.max_reactions_per_message = 2).await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let id = ada.say(room, "hello").await["id"].as_i64().expect("an id");
    let put =
        async |emoji: &str| ada.put(&format!("/api/v1/rooms/{room}/messages/{id}/reactions/{emoji}"), &json!({})).await;
    for emoji in ["%20", "a%20b", "%E2%80%8B", "12345678901234567"] {
        put(emoji).await.expect_problem(422, "invalid_reaction");
    }
    // The heart without the character that asks for colour is the same reaction.
    for emoji in ["%2B1", "%E2%9D%A4", "%E2%9D%A4%EF%B8%8F"] {
        put(emoji).await.expect(200);
    }
    let refused = put("%F0%9F%91%8D").await;
    refused.expect_problem(422, "too_many_reactions");
    ada.put(&format!("/api/v1/rooms/{room}/messages/999/reactions/x"), &json!({}))
        .await
        .expect_problem(404, "message_not_found");
}
