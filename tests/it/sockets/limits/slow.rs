//! Clients that do not read, hardly write, or are half gone: they cost the others nothing, and leave nothing behind.

use std::time::Instant;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use hubbub::config::ServeConfig;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::{APP_KEY, DEADLINE};
use crate::support::socket::Socket;

/// A client's text frame; the mask is all zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).expect("a short text");
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

fn impatient(config: &mut ServeConfig) {
    config.socket.activity_timeout_secs = 1;
    config.socket.pong_timeout_secs = 1;
}

/// Waits until `/metrics` has all these lines.
async fn expect_gauges(server: &Server, lines: &[&str]) {
    let begin = Instant::now();
    loop {
        let metrics = server.stranger().get("/metrics").await.expect(200).text;
        let missing: Vec<_> = lines.iter().filter(|line| !metrics.lines().any(|have| have == **line)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(begin.elapsed() < DEADLINE, "no {missing:?} in\n{metrics}");
    }
}

#[actix_web::test]
async fn beside_one_that_does_not_read_everybody_gets_everything_in_order() {
    let server = Server::start_with(|config| {
        config.socket.max_queued_bytes = 100_000;
        // However long it takes under load: nobody is pinged in between.
        config.socket.activity_timeout_secs = 3_600;
    })
    .await;
    let (mut stalled, publisher) = (Socket::open(&server).await, Publisher::of(&server));
    stalled.subscribe("c", None).await;
    let mut readers = Vec::new();
    for _ in 0..5 {
        let mut reader = Socket::open(&server).await;
        reader.subscribe("c", None).await;
        readers.push(reader);
    }
    let padding = "x".repeat(10_000);
    let mut is_closed = false;
    for number in 0..2_000 {
        publisher.publish("c", "e", &json!([number, padding]).to_string()).await;
        for reader in &mut readers {
            assert_eq!(reader.expect("e").await.data[0], number);
        }
        let metrics = server.stranger().get("/metrics").await.expect(200).text;
        is_closed = metrics.lines().any(|line| line == "hubbub_sockets_too_slow_total 1");
        if is_closed {
            break;
        }
    }
    assert!(is_closed, "what waits for a socket has no bound");
    expect_gauges(&server, &["hubbub_subscriptions 5"]).await;
}

#[actix_web::test]
async fn one_that_writes_a_byte_at_a_time_is_heard_and_keeps_nobody_waiting() {
    let server = Server::start().await;
    let (mut slow, mut reader, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    reader.subscribe("c", None).await;
    let subscribe = json!({"event": "pusher:subscribe", "data": {"channel": "c"}}).to_string();
    for byte in frame(&subscribe) {
        publisher.publish("c", "e", "1").await;
        reader.expect("e").await;
        slow.connection().write_all(&[byte]).await.expect("written");
    }
    slow.expect("pusher_internal:subscription_succeeded").await;
    publisher.publish("c", "last", "1").await;
    slow.expect("last").await;
    reader.expect("last").await;
}

#[actix_web::test]
async fn a_frame_that_never_ends_is_no_sign_of_life() {
    let server = Server::start_with(impatient).await;
    let mut socket = Socket::open(&server).await;
    socket.subscribe("c", None).await;
    let connection = socket.connection();
    connection.write_all(&[0x81, 0x80 | 100, 0, 0, 0, 0]).await.expect("written");
    let mut came = Vec::new();
    while !came.windows(2).any(|bytes| bytes == 4201_u16.to_be_bytes()) {
        let count = timeout(DEADLINE, connection.read_buf(&mut came)).await.expect("in time").expect("readable");
        assert!(count > 0, "no close frame in {came:?}");
        connection.write_all(b"x").await.expect("written");
    }
    expect_gauges(&server, &["hubbub_sockets 0", "hubbub_channels 0", "hubbub_subscriptions 0"]).await;
}

#[actix_web::test]
async fn an_upgrade_that_never_ends_is_ended() {
    let server = Server::start().await;
    let address = server.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address.trim_end_matches('/')).await.expect("connected");
    let half = format!("GET /app/{APP_KEY}?protocol=7 HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-");
    stream.write_all(half.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("in time").expect("ended");
    expect_gauges(&server, &["hubbub_sockets 0"]).await;
}

#[actix_web::test]
async fn when_everybody_has_left_nothing_is_left() {
    let server = Server::start_with(|config| {
        impatient(config);
        config.socket.presence_hold_ms = 50;
    })
    .await;
    let mut sockets = Vec::new();
    for number in 0..8 {
        let mut socket = Socket::open(&server).await;
        socket.subscribe("c", None).await;
        socket.subscribe(&format!("private-{number}"), None).await;
        socket.appear("presence-c", &number.to_string()).await;
        sockets.push(socket);
    }
    expect_gauges(&server, &["hubbub_sockets 8", "hubbub_channels 10", "hubbub_subscriptions 24"]).await;
    let nothing = ["hubbub_sockets 0", "hubbub_channels 0", "hubbub_subscriptions 0"];
    for (number, mut socket) in sockets.into_iter().enumerate() {
        match number % 4 {
            0 => drop(socket),
            1 => socket.connection().write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.expect("written"),
            2 => socket.connection().set_zero_linger().expect("set"),
            // The beginning of a frame, and then the end of the connection.
            _ => socket.connection().write_all(&[0x81]).await.expect("written"),
        }
    }
    expect_gauges(&server, &nothing).await;
}
