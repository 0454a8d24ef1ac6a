//! What clients send to each other.

use serde_json::{Value, json};

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

use crate::sockets::{OTHER_APP, OTHER_KEY, OTHER_SECRET, write_apps};

fn event(name: &str, channel: &str, data: &Value) -> Value {
    json!({"event": name, "channel": channel, "data": data})
}

#[actix_web::test]
async fn the_others_hear_it_with_its_data_as_it_was_and_the_senders_true_id() {
    let server = Server::start().await;
    let (mut ada, mut grace) = (Socket::open(&server).await, Socket::open(&server).await);
    ada.appear("presence-a", "ada").await;
    grace.appear("presence-a", "grace").await;
    ada.expect("pusher_internal:member_added").await;
    // The protocol says that data is a text; what is none is sent as its JSON. Swift and .NET read nothing else.
    for (data, heard) in [
        (json!({"b": 1}), r#""{\"b\":1}""#),
        (json!(r#"{"b":1}"#), r#""{\"b\":1}""#),
        (json!("text"), r#""text""#),
        (json!([1]), r#""[1]""#),
        (json!(7), r#""7""#),
        (json!(true), r#""true""#),
    ] {
        let mut frame = event("client-x", "presence-a", &data);
        frame["user_id"] = json!("somebody else");
        ada.send(frame).await;
        let expected = format!(r#"{{"event":"client-x","channel":"presence-a","data":{heard},"user_id":"ada"}}"#);
        assert_eq!(grace.next_text().await, expected);
    }
    ada.expect_silence().await;
    ada.subscribe("private-a", None).await;
    grace.subscribe("private-a", Some(r#"{"user_id":"grace"}"#)).await;
    grace.send(json!({"event": "client-y", "channel": "private-a"})).await;
    assert_eq!(ada.next_text().await, r#"{"event":"client-y","channel":"private-a"}"#);
}

#[actix_web::test]
async fn what_a_client_may_not_send_is_4301_and_reaches_nobody() {
    let server = Server::start().await;
    let (mut sender, mut listener, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    for channel in ["public", "private-encrypted-a", "private-a"] {
        listener.subscribe(channel, None).await;
    }
    sender.subscribe("public", None).await;
    sender.subscribe("private-encrypted-a", None).await;
    sender.sign_in(r#"{"id":"7"}"#).await;
    let long = format!("client-{}", "x".repeat(194));
    for (channel, reason) in [
        ("public", "need a private or presence channel"),
        ("private-encrypted-a", "not possible on encrypted channels"),
        ("private-encrypted-cache-a", "not possible on encrypted channels"),
        ("private-a", "has not joined private-a"),
        ("presence-a", "has not joined presence-a"),
        ("#server-to-user-7", "need a private or presence channel"),
        ("no such name", "A channel name has"),
    ] {
        sender.send(event("client-x", channel, &json!(1))).await;
        let error = sender.expect("pusher:error").await.data;
        let message = error["message"].as_str().expect("a message");
        assert!(error["code"] == 4301 && message.contains(reason), "{channel}: {error}");
    }
    sender.subscribe("private-a", None).await;
    sender.send(event(&long, "private-a", &json!(1))).await;
    assert_eq!(sender.error_code().await, 4301);
    sender.send(event("client-x", "private-a", &json!("x".repeat(10_241)))).await;
    assert_eq!(sender.error_code().await, 4301);
    // Names that only the server sends are not even client events.
    for name in ["pusher:error", "pusher_internal:member_added", "message.posted"] {
        sender.send(event(name, "private-a", &json!(1))).await;
        assert_eq!(sender.error_code().await, 4200, "{name}");
    }
    publisher.publish("public", "sentinel", "").await;
    listener.expect("sentinel").await;
    // The largest that may be sent: 200 characters, 10 kB.
    sender.send(event(&long[..200], "private-a", &json!("x".repeat(10_240)))).await;
    listener.expect(&long[..200]).await;
}

#[actix_web::test]
async fn an_app_may_forbid_them() {
    let server = Server::start_with(|config| write_apps(config, &format!("{OTHER_APP}client_events = false\n"))).await;
    let mut socket = Socket::open_app(&server, OTHER_KEY, OTHER_SECRET).await;
    socket.subscribe("private-a", None).await;
    socket.send(event("client-x", "private-a", &json!(1))).await;
    assert_eq!(socket.error_code().await, 4301);
}

#[actix_web::test]
async fn the_eleventh_in_a_second_is_4301_and_the_first_ten_arrive() {
    let server = Server::start().await;
    let (mut sender, mut listener) = (Socket::open(&server).await, Socket::open(&server).await);
    sender.subscribe("private-a", None).await;
    listener.subscribe("private-a", None).await;
    sender.send_all((0..11).map(|number| event("client-x", "private-a", &json!(number)))).await;
    assert_eq!(sender.error_code().await, 4301);
    for number in 0..10 {
        assert_eq!(listener.expect("client-x").await.data, number);
    }
    listener.expect_silence().await;
}
