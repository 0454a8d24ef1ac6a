//! Pings in both directions, and who does not answer them.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use hubbub::config::ServeConfig;

use crate::support::publisher::Publisher;
use crate::support::server::Server;
use crate::support::settings::DEADLINE;
use crate::support::socket::Socket;

#[actix_web::test]
async fn pings_of_the_protocol_and_of_websockets_are_answered() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    for frame in [
        r#"{"event":"pusher:ping"}"#,
        r#"{"event":"pusher:ping","data":{}}"#,
        r#"{"event":"pusher:ping","data":"{}"}"#,
        r#"{"event":"pusher:ping","data":null}"#,
    ] {
        socket.send_message(Message::text(frame)).await.expect("sent");
        assert_eq!(socket.next_text().await, r#"{"event":"pusher:pong","data":{}}"#);
    }
    socket.send_message(Message::Ping(b"payload".to_vec().into())).await.expect("sent");
    assert_eq!(socket.next_message().await, Message::Pong(b"payload".to_vec().into()));
}

fn impatient(config: &mut ServeConfig) {
    config.socket.activity_timeout_secs = 1;
    config.socket.pong_timeout_secs = 1;
}

/// Reads the bytes of a connection that answers nothing, until the server closes it with 4201.
async fn read_until_4201(socket: &mut Socket) -> Vec<u8> {
    let mut came = Vec::new();
    while !came.windows(2).any(|bytes| bytes == 4201_u16.to_be_bytes()) {
        let count =
            timeout(DEADLINE, socket.connection().read_buf(&mut came)).await.expect("in time").expect("readable");
        assert!(count > 0, "no close frame in {came:?}");
    }
    came
}

#[actix_web::test]
async fn the_silent_are_pinged_in_both_ways_and_closed_with_4201() {
    let server = Server::start_with(impatient).await;
    let mut silent = Socket::open(&server).await;
    let came = read_until_4201(&mut silent).await;
    let pings = [&b"\x81\x21{\"event\":\"pusher:ping\",\"data\":{}}"[..], b"\x89\x00", b"\x88"].concat();
    assert_eq!(came[..pings.len()], pings, "{:?}", String::from_utf8_lossy(&came));
}

/// The Swift and Java clients, and asyncpusher, answer ping frames and know nothing of `pusher:ping`.
#[actix_web::test]
async fn a_client_that_answers_only_ping_frames_stays_on_a_quiet_and_on_a_busy_channel() {
    let server = Server::start_with(impatient).await;
    let (mut quiet, mut busy, publisher) =
        (Socket::open(&server).await, Socket::open(&server).await, Publisher::of(&server));
    quiet.subscribe("quiet", None).await;
    busy.subscribe("busy", None).await;
    let (mut pinged, mut heard) = ([0, 0], 0);
    // Whoever does not answer is closed after two seconds. The client below answers ping frames by itself.
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        publisher.publish("busy", "e", "1").await;
        for (socket, pinged) in [&mut quiet, &mut busy].into_iter().zip(&mut pinged) {
            while let Some(message) = socket.message_within(Duration::from_millis(20)).await {
                match message {
                    Message::Ping(_) => *pinged += 1,
                    Message::Text(text) if text.contains("pusher:ping") => {}
                    Message::Text(_) => heard += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(pinged[0] >= 2 && pinged[1] >= 2 && heard > 10, "{pinged:?} pings, {heard} events");
}

#[actix_web::test]
async fn every_frame_is_a_sign_of_life() {
    let server = Server::start_with(impatient).await;
    for (opcode, name) in [(0x8a, "a pong"), (0x89, "a ping"), (0x81, "a text"), (0x01, "a fragment")] {
        let mut socket = Socket::open(&server).await;
        let mut first = opcode;
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            socket.connection().write_all(&[first, 0x80, 0, 0, 0, 0]).await.expect("written");
            // The first fragment names the type of the message, and the others continue it.
            first = if opcode == 0x01 { 0x00 } else { opcode };
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let mut came = Vec::new();
        let _ = socket.connection().try_read_buf(&mut came); // Nothing may have come, which is an error.
        assert!(!came.windows(2).any(|bytes| bytes == 4201_u16.to_be_bytes()), "{name} did not count");
    }
}
