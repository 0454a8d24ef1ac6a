//! Cache channels: the last event for those who come later.

use serde_json::json;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn a_late_visitor_gets_the_last_event_at_once_to_the_byte() {
    let server = Server::start().await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    for channel in ["cache-a", "private-cache-a", "private-encrypted-cache-a"] {
        publisher.publish(channel, "score", r#"{"home":0}"#).await;
        publisher.publish(channel, "score", r#"{"home":1}"#).await;
        socket.send(socket.subscribe_frame(channel, None)).await;
        socket.expect("pusher_internal:subscription_succeeded").await;
        let expected = format!(r#"{{"event":"score","channel":"{channel}","data":"{{\"home\":1}}"}}"#);
        assert_eq!(socket.next_text().await, expected);
    }
    publisher.publish("presence-cache-a", "score", "1").await;
    socket.appear("presence-cache-a", "1").await;
    socket.expect("score").await;
    socket.expect_silence().await;
}

#[actix_web::test]
async fn who_comes_before_the_first_event_hears_that_there_is_none() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.subscribe("cache-a", None).await;
    assert_eq!(socket.next_text().await, r#"{"event":"pusher:cache_miss","channel":"cache-a","data":"{}"}"#);
    socket.subscribe("plain", None).await;
    socket.expect_silence().await;
}

#[actix_web::test]
async fn what_clients_send_is_not_cached() {
    let server = Server::start().await;
    let (mut first, mut late) = (Socket::open(&server).await, Socket::open(&server).await);
    first.subscribe("private-cache-a", None).await;
    first.expect("pusher:cache_miss").await;
    first.send(json!({"event": "client-x", "channel": "private-cache-a", "data": 1})).await;
    first.expect_silence().await;
    late.subscribe("private-cache-a", None).await;
    late.expect("pusher:cache_miss").await;
}

#[actix_web::test]
async fn an_event_is_kept_for_as_long_as_the_app_says_and_can_be_asked_for() {
    let server = Server::start_with(|config| config.socket.cache_ttl_secs = 1).await;
    let (mut socket, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    publisher.publish("cache-a", "score", "1").await;
    let answer = publisher.get("/channels/cache-a", &[("info", "cache")]).await.expect(200);
    assert_eq!(answer.json["cache"]["data"], "1");
    assert_eq!(answer.json["occupied"], false);
    // The answer that holds nothing is what the test waits for.
    for attempt in 0.. {
        let answer = publisher.get("/channels/cache-a", &[("info", "cache")]).await.expect(200);
        if answer.text == r#"{"occupied":false,"cache":null}"# {
            break;
        }
        assert!(attempt < 10_000, "{}", answer.text);
    }
    socket.subscribe("cache-a", None).await;
    socket.expect("pusher:cache_miss").await;
}

#[actix_web::test]
async fn the_channel_written_the_longest_ago_goes_when_there_are_too_many() {
    let server = Server::start_with(|config| config.socket.max_cached_channels = 2).await;
    let publisher = Publisher::of(&server);
    for channel in ["cache-a", "cache-b", "cache-c"] {
        publisher.publish(channel, "e", "1").await;
    }
    for (channel, is_kept) in [("cache-a", false), ("cache-b", true), ("cache-c", true)] {
        let answer = publisher.get(&format!("/channels/{channel}"), &[("info", "cache")]).await.expect(200);
        assert_eq!(answer.json["cache"].is_object(), is_kept, "{channel}");
    }
}
