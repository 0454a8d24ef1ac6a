//! Messages that answer others.

use serde_json::json;

use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn an_answer_says_which_message_it_answers_everywhere() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let asked = ada.say(room, "Is *anybody* there?").await["id"].as_i64().expect("an id");
    let mut socket = Socket::open(&server).await;
    socket.join(&ada, &format!("private-room.{room}")).await;
    let path = format!("/api/v1/rooms/{room}/messages");
    let body = json!({"body": "I am", "reply_to_id": asked, "client_id": "c-1"});
    let answer = ada.post(&path, &body).await.expect(201);
    let expected = json!({"id": asked, "author": {"id": ada.id, "username": "ada", "name": "ada"}, "excerpt": "Is anybody there?"});
    assert_eq!(answer.json["reply_to"], expected);
    assert_eq!(ada.post(&path, &body).await.expect(200).json, answer.json, "a repeat is the same");
    assert_eq!(socket.expect("message.posted").await.data["message"], answer.json);
    assert_eq!(ada.get(&path).await.expect(200).json["items"][1], answer.json);

    ada.delete(&format!("{path}/{asked}")).await.expect(200);
    let answer = ada.get(answer.header("location")).await.expect(200);
    assert_eq!(answer.json["reply_to"]["excerpt"], json!(null));
    let refused = ada.post(&path, &json!({"body": "I am", "reply_to_id": asked})).await;
    refused.expect_problem(422, "invalid_reply");
}
