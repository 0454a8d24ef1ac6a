//! Too much at once: whoever reads gets all answers, and whoever does not costs nobody else.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::DEADLINE;
use crate::support::socket::Socket;

#[actix_web::test]
async fn a_thousand_subscriptions_at_once_are_all_answered() {
    let server = Server::start_with(|config| config.socket.max_channels_per_socket = 1_000).await;
    let mut socket = Socket::open(&server).await;
    let frames: Vec<_> = (0..1_000).map(|number| socket.subscribe_frame(&format!("c{number}"), None)).collect();
    socket.send_all(frames).await;
    for number in 0..1_000 {
        let answer = socket.expect("pusher_internal:subscription_succeeded").await;
        assert_eq!(answer.channel, format!("c{number}"));
    }
    assert_eq!(socket.refused(socket.subscribe_frame("one-more", None)).await, 4100);
    let channels = Publisher::of(&server).get("/channels", &[]).await.expect(200);
    assert_eq!(channels.json["channels"].as_object().map(serde_json::Map::len), Some(1_000));
}

#[actix_web::test]
async fn a_thousand_pings_and_a_thousand_errors_at_once_are_all_answered() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.send_all((0..1_000).map(|_| json!({"event": "pusher:ping", "data": {}}))).await;
    for _ in 0..1_000 {
        socket.expect("pusher:pong").await;
    }
    let refused = json!({"event": "client-x", "channel": "private-not-joined", "data": 1});
    socket.send_all((0..1_000).map(|_| refused.clone())).await;
    for _ in 0..1_000 {
        assert_eq!(socket.error_code().await, 4301);
    }
    socket.subscribe("c", None).await;
}

#[actix_web::test]
async fn a_thousand_client_events_at_once_keep_nobody_else_waiting() {
    let server = Server::start().await;
    let (mut flooder, mut listener, mut bystander) =
        (Socket::open(&server).await, Socket::open(&server).await, Socket::open(&server).await);
    flooder.subscribe("private-a", None).await;
    listener.subscribe("private-a", None).await;
    bystander.subscribe("calm", None).await;
    let event = json!({"event": "client-x", "channel": "private-a", "data": 1});
    flooder.send_all((0..1_000).map(|_| event.clone())).await;
    Publisher::of(&server).publish("calm", "e", "1").await;
    bystander.expect("e").await;
    for _ in 0..10 {
        listener.expect("client-x").await;
    }
}

#[actix_web::test]
async fn who_does_not_read_is_closed_and_the_others_get_everything() {
    let server = Server::start_with(|config| {
        config.socket.max_queued_bytes = 100_000;
        // However long it takes under load: nobody is pinged in between.
        config.socket.activity_timeout_secs = 3_600;
    })
    .await;
    let (mut slow, mut reader, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    slow.subscribe("c", None).await;
    reader.subscribe("c", None).await;
    let data = "x".repeat(10_000);
    // The kernel's buffers take megabytes before the server's own queue begins to fill.
    for _ in 0..2_000 {
        publisher.publish("c", "e", &data).await;
        reader.expect("e").await;
        if publisher.get("/channels/c", &[("info", "subscription_count")]).await.json["subscription_count"] == 1 {
            break;
        }
    }
    let count = publisher.get("/channels/c", &[("info", "subscription_count")]).await.expect(200);
    assert_eq!(count.json["subscription_count"], 1);
    reader.expect_silence().await;
}

#[actix_web::test]
async fn who_joins_and_leaves_all_the_time_is_slowed_down_and_told_so() {
    let server = Server::start_with(|config| {
        config.socket.max_channels_per_socket = 5;
        config.socket.subscriptions_per_second = 1;
    })
    .await;
    let mut socket = Socket::open(&server).await;
    for _ in 0..3 {
        socket.subscribe("c", None).await;
        socket.unsubscribe("c").await;
    }
    socket.send(socket.subscribe_frame("c", None)).await;
    let refusal = socket.expect("pusher:subscription_error").await.data;
    let error = refusal["error"].as_str().expect("a text");
    assert!(refusal["type"] == "LimitReached" && error.contains("HUBBUB_SUBSCRIPTIONS_PER_SECOND"), "{refusal}");
    let metrics = server.stranger().get("/metrics").await.expect(200).text;
    assert!(metrics.contains("hubbub_subscriptions_refused_total{reason=\"too_many_joins\"} 1\n"), "{metrics}");
    // Another socket has a ration of its own, and this one gets a new one with time.
    Socket::open(&server).await.subscribe("c", None).await;
    let begin = Instant::now();
    while socket.try_refused("c").await {
        assert!(begin.elapsed() < DEADLINE, "it is refused for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
