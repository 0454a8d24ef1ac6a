use hubbub::pusher::signature::sign_channel;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rooms::join_many_rooms;
use crate::support::person::Answer;
use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::{APP_KEY, APP_SECRET};
use crate::support::socket::Socket;

const PATH: &str = "/broadcasting/auth";

#[actix_web::test]
async fn a_member_is_let_into_a_rooms_channels_by_form_or_json() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "closed").await;
    for channel in [format!("private-room.{room}"), format!("presence-room.{room}"), format!("private-user.{}", ada.id)]
    {
        let form = format!("socket_id=123.456&channel_name={channel}&extra=ignored");
        let by_form = ada.post_raw(PATH, "application/x-www-form-urlencoded", form).await.expect(200);
        let body = json!({"socket_id": "123.456", "channel_name": channel});
        let by_json = ada.post(PATH, &body).await.expect(200);
        for answer in [by_form, by_json] {
            let channel_data = answer.string("/channel_data");
            let signature = sign_channel(APP_SECRET, "123.456", &channel, Some(&channel_data));
            assert_eq!(answer.string("/auth"), format!("{APP_KEY}:{signature}"));
            let data: Value = serde_json::from_str(&channel_data).expect("JSON");
            assert_eq!(data["user_id"], ada.id.to_string());
            assert_eq!(data["user_info"], json!({"username": "ada", "name": "ada"}));
            assert!(data["issued_at"].as_i64().is_some_and(|millis| millis > 1_700_000_000_000));
        }
    }
}

#[actix_web::test]
async fn a_signature_is_for_one_socket_and_one_channel() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let channel = format!("private-room.{room}");
    let answer = ada.post(PATH, &json!({"socket_id": "1.2", "channel_name": channel})).await.expect(200);
    let (auth, data) = (answer.string("/auth"), answer.string("/channel_data"));
    let signed =
        |socket: &str, channel: &str| format!("{APP_KEY}:{}", sign_channel(APP_SECRET, socket, channel, Some(&data)));
    assert_eq!(auth, signed("1.2", &channel));
    assert_ne!(auth, signed("1.3", &channel));
    assert_ne!(auth, signed("1.2", &format!("presence-room.{room}")));
}

#[actix_web::test]
async fn nobody_is_let_into_channels_of_others_or_of_nobody() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let closed = ada.create_room("Secret", "closed").await;
    let open = ada.create_room("Lobby", "open").await;
    let channels = [
        format!("private-room.{closed}"),
        format!("presence-room.{closed}"),
        format!("private-room.{open}"),
        format!("private-user.{}", ada.id),
        "private-room.999".to_owned(),
        format!("private-room.0{open}"),
        "private-other".to_owned(),
        "public".to_owned(),
        "#server-to-user-1".to_owned(),
    ];
    let mut details = Vec::new();
    for channel in channels {
        let answer = eve.post(PATH, &json!({"socket_id": "1.2", "channel_name": channel})).await;
        details.push(answer.expect_problem(403, "channel_refused"));
    }
    details.dedup();
    assert_eq!(details.len(), 1, "the answers do not tell which rooms exist: {details:?}");
}

#[actix_web::test]
async fn one_request_lets_a_socket_into_many_channels() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let mut rooms = Vec::new();
    for number in 0..3 {
        rooms.push(ada.create_room(&format!("Room {number}"), "closed").await);
    }
    let document = ada.post(&format!("/api/v1/rooms/{}/documents", rooms[0]), &json!({"title": "Agenda"})).await;
    let document = document.expect(201).json["id"].as_i64().expect("an id");
    let mut wanted: Vec<String> = rooms.iter().map(|room| format!("private-room.{room}")).collect();
    wanted.extend([
        format!("presence-room.{}", rooms[0]),
        format!("presence-document.{document}"),
        format!("private-user.{}", ada.id),
    ]);
    let asked: Vec<_> = wanted.iter().chain(&wanted[..1]).cloned().chain(["private-room.999".to_owned()]).collect();
    let body = json!({"socket_id": "1.2", "channel_names": asked});
    let answer = ada.post("/broadcasting/auth/channels", &body).await.expect(200).json;
    assert_eq!(answer["refused"], json!(["private-room.999"]));
    let names: Vec<_> =
        answer["channels"].as_array().expect("a list").iter().map(|each| &each["channel_name"]).collect();
    assert_eq!(names, wanted.iter().collect::<Vec<_>>(), "each once, in their order");
    for each in answer["channels"].as_array().expect("a list") {
        let (name, data) = (each["channel_name"].as_str().expect("a name"), each["channel_data"].as_str());
        let signature = sign_channel(APP_SECRET, "1.2", name, data);
        assert_eq!(each["auth"], format!("{APP_KEY}:{signature}"));
    }
    let answer = eve.post("/broadcasting/auth/channels", &body).await.expect(200).json;
    assert_eq!(answer["channels"], json!([]));
    assert_eq!(answer["refused"].as_array().map(Vec::len), Some(wanted.len() + 1));
    let body = json!({"socket_id": "1.2:x", "channel_names": []});
    ada.post("/broadcasting/auth/channels", &body).await.expect_problem(422, "invalid_socket_id");
}

#[actix_web::test]
async fn a_removed_member_is_not_let_in_again() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    let room = ada.create_room("Lobby", "open").await;
    grace.join(room).await;
    let body = json!({"socket_id": "1.2", "channel_name": format!("private-room.{room}")});
    grace.post(PATH, &body).await.expect(200);
    ada.delete(&format!("/api/v1/rooms/{room}/members/{}", grace.id)).await.expect(204);
    grace.post(PATH, &body).await.expect_problem(403, "channel_refused");
}

#[actix_web::test]
async fn a_socket_id_that_is_none_is_not_signed() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let channel = format!("private-user.{}", ada.id);
    for socket in ["", "1", "1.2:private-room.1", "a.b"] {
        let answer = ada.post(PATH, &json!({"socket_id": socket, "channel_name": channel})).await;
        answer.expect_problem(422, "invalid_socket_id");
    }
    let body = json!({"socket_id": "1.2", "channel_name": channel});
    server.stranger().post(PATH, &body).await.expect_problem(401, "token_missing");
}

#[actix_web::test]
async fn a_socket_signs_in_as_the_person_who_asks_and_is_reached_as_that_person() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let mut socket = Socket::open(&server).await;
    let body = json!({"socket_id": socket.id});
    let answer = ada.post("/broadcasting/user-auth", &body).await.expect(200);
    let user_data: Value = serde_json::from_str(&answer.string("/user_data")).expect("JSON");
    let user_info = json!({"username": "ada", "name": "ada"});
    let signed = json!({"id": ada.id.to_string(), "user_info": user_info, "watchlist": [], "credential": "session.1"});
    assert_eq!(user_data, signed);
    socket.send(json!({"event": "pusher:signin", "data": answer.json})).await;
    socket.expect("pusher:signin_success").await;
    Publisher::of(&server).publish(&format!("#server-to-user-{}", ada.id), "notice", "1").await;
    socket.expect("notice").await;
    let by_form = ada.post_raw("/broadcasting/user-auth", "application/x-www-form-urlencoded", "socket_id=1.2").await;
    by_form.expect(200);
    ada.post("/broadcasting/user-auth", &json!({"socket_id": "1"})).await.expect_problem(422, "invalid_socket_id");
    server.stranger().post("/broadcasting/user-auth", &body).await.expect_problem(401, "token_missing");
}

#[actix_web::test]
async fn who_posts_with_a_socket_id_hears_it_everywhere_but_there() {
    let server = Server::start().await;
    let ada = server.sign_up("ada").await;
    let room = ada.create_room("Lobby", "open").await;
    let (mut page, mut phone) = (Socket::open(&server).await, Socket::open(&server).await);
    let channel = format!("private-room.{room}");
    page.join(&ada, &channel).await;
    phone.join(&ada, &channel).await;
    let post = |socket_id: &str, text: &str| {
        let request = ada.request(Method::POST, &format!("/api/v1/rooms/{room}/messages"));
        Answer::of(request.header("x-socket-id", socket_id).json(&json!({"body": text})))
    };
    post(&page.id, "first").await.expect(201);
    // What is no socket id leaves nobody out.
    post("nonsense", "second").await.expect(201);
    for text in ["first", "second"] {
        assert_eq!(phone.expect("message.posted").await.data["message"]["body"], text);
    }
    assert_eq!(page.expect("message.posted").await.data["message"]["body"], "second");
}

#[actix_web::test]
async fn a_socket_is_in_the_channels_of_1200_rooms_and_sees_who_has_one_of_them_open() {
    let server = Server::start().await;
    let (ada, grace) = (server.sign_up("ada").await, server.sign_up("grace").await);
    join_many_rooms(&server, 1_200);
    grace.join(7).await;
    let mut socket = Socket::open(&server).await;
    let rooms: Vec<String> = (1..=1_200).map(|room| format!("private-room.{room}")).collect();
    for channel_names in rooms.chunks(500) {
        let body = json!({"socket_id": socket.id, "channel_names": channel_names});
        let mut answer = ada.post("/broadcasting/auth/channels", &body).await.expect(200).json;
        assert_eq!(answer["refused"], json!([]));
        let rights = answer["channels"].as_array_mut().expect("a list").drain(..);
        let frames: Vec<Value> = rights
            .map(|mut right| {
                right["channel"] = right["channel_name"].take();
                json!({"event": "pusher:subscribe", "data": right})
            })
            .collect();
        let count = frames.len();
        socket.send_all(frames).await;
        for _ in 0..count {
            socket.expect("pusher_internal:subscription_succeeded").await;
        }
    }
    socket.join(&ada, "private-rooms").await;
    socket.join(&ada, "presence-room.7").await;
    let mut other = Socket::open(&server).await;
    other.join(&grace, "presence-room.7").await;
    let added = socket.expect("pusher_internal:member_added").await;
    assert_eq!((added.channel.as_str(), &added.data["user_id"]), ("presence-room.7", &json!(grace.id.to_string())));
    grace.say(7, "hello").await;
    assert_eq!(socket.expect("message.posted").await.channel, "private-room.7");
}
