//! Joining and leaving channels.

use serde_json::json;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

const KINDS: [&str; 6] =
    ["plain", "private-a", "private-encrypted-a", "private-cache-a", "private-encrypted-cache-a", "cache-a"];

#[actix_web::test]
async fn the_answer_and_the_event_are_as_native_sdks_expect_them_to_the_byte() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.send(socket.subscribe_frame("private-a", None)).await;
    assert_eq!(
        socket.next_text().await,
        r#"{"event":"pusher_internal:subscription_succeeded","channel":"private-a","data":"{}"}"#
    );
    for (data, quoted) in [
        (r#"{"a": [1.0, "é"]}"#, r#""{\"a\": [1.0, \"é\"]}""#),
        ("no JSON at all", r#""no JSON at all""#),
        ("", r#""""#),
        ("\"text\"", r#""\"text\"""#),
    ] {
        publisher.publish("private-a", "App\\Events\\Scored", data).await;
        assert_eq!(
            socket.next_text().await,
            format!(r#"{{"event":"App\\Events\\Scored","channel":"private-a","data":{quoted}}}"#)
        );
    }
}

#[actix_web::test]
async fn channels_of_every_kind_are_joined_and_left() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    for channel in KINDS {
        socket.send(socket.subscribe_frame(channel, None)).await;
        socket.expect("pusher_internal:subscription_succeeded").await;
        if channel.contains("cache") {
            socket.expect("pusher:cache_miss").await;
        }
        publisher.publish(channel, "e", "1").await;
        assert_eq!(socket.expect("e").await.channel, channel);
        socket.unsubscribe(channel).await;
        socket.expect_silence().await;
        publisher.publish(channel, "e", "2").await;
    }
    socket.subscribe("last", None).await;
    publisher.publish("last", "sentinel", "").await;
    socket.expect("sentinel").await;
}

#[actix_web::test]
async fn what_needs_a_right_is_refused_without_one_and_the_socket_stays() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    let other = Socket::open(&server).await;
    for channel in ["private-a", "private-encrypted-a", "private-cache-a", "presence-a"] {
        let data = channel.starts_with("presence-").then_some(r#"{"user_id":"1"}"#);
        let good = socket.subscribe_frame(channel, data);
        let mut unsigned = good.clone();
        unsigned["data"]["auth"] = json!("");
        let mut absent = good.clone();
        absent["data"].as_object_mut().expect("an object").remove("auth");
        let mut elsewhere = good.clone();
        elsewhere["data"]["channel"] = json!(format!("{channel}b"));
        let mut somebody = good.clone();
        somebody["data"]["channel_data"] = json!(r#"{"user_id":"2"}"#);
        let theirs = other.subscribe_frame(channel, data);
        for frame in [unsigned, absent, elsewhere, somebody, theirs] {
            assert_eq!(socket.refused(frame.clone()).await, 401, "{frame}");
        }
        publisher.publish(channel, "secret", "1").await;
    }
    socket.subscribe("last", None).await;
    publisher.publish("last", "sentinel", "").await;
    socket.expect("sentinel").await;
}

#[actix_web::test]
async fn a_name_has_200_characters_and_not_201_and_only_those_that_are_allowed() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    let longest = "a".repeat(200);
    socket.subscribe(&longest, None).await;
    publisher.publish(&longest, "e", "1").await;
    assert_eq!(socket.expect("e").await.channel, longest);
    for name in ["a".repeat(201).as_str(), "", "a b", "a/b", "a#b", "#other", "#server-to-user-", "a:b", "é", "a*"] {
        assert_eq!(socket.refused(socket.subscribe_frame(name, None)).await, 400, "{name:?}");
        publisher.post("/events", &json!({"name": "e", "data": "", "channel": name})).await.expect(400);
    }
}

#[actix_web::test]
async fn joining_twice_is_answered_twice_and_counts_once() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    socket.subscribe("c", None).await;
    socket.subscribe("c", None).await;
    let answer = publisher.get("/channels/c", &[("info", "subscription_count")]).await.expect(200);
    assert_eq!(answer.text, r#"{"occupied":true,"subscription_count":1}"#);
    socket.unsubscribe("c").await;
    socket.unsubscribe("never joined").await;
    socket.expect_silence().await;
    assert_eq!(publisher.get("/channels/c", &[]).await.expect(200).text, r#"{"occupied":false}"#);
}

#[actix_web::test]
async fn one_channel_more_than_a_socket_may_join_is_refused() {
    let server = Server::start_with(|config| config.socket.max_channels_per_socket = 2).await;
    let mut socket = Socket::open(&server).await;
    socket.subscribe("a", None).await;
    socket.subscribe("b", None).await;
    assert_eq!(socket.refused(socket.subscribe_frame("c", None)).await, 4100);
    socket.subscribe("a", None).await;
    socket.unsubscribe("a").await;
    socket.subscribe("c", None).await;
}

#[actix_web::test]
async fn data_may_come_as_a_text_that_holds_json() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    let mut frame = socket.subscribe_frame("private-a", None);
    frame["data"] = json!(frame["data"].to_string());
    socket.send(frame).await;
    socket.expect("pusher_internal:subscription_succeeded").await;
}
