//! RFC 6455 as it is written, byte by byte; `make test` runs it on both transports.

use tokio::net::TcpStream;

use super::connection::{CLOSE, CONTINUATION, LAST, PING, PONG, SAY, TEXT, Wire, frame};
use crate::support::server::Server;
use crate::support::settings::{APP_KEY, DEADLINE};

async fn server() -> Server {
    Server::start_with(|config| {
        config.socket.max_frame_bytes = 2_000;
        config.socket.max_event_data_bytes = 2_000;
    })
    .await
}

#[actix_web::test]
async fn messages_are_understood_however_they_are_cut() {
    let server = server().await;
    let mut wire = Wire::open(&server, &frame(LAST | TEXT, SAY)).await;
    wire.expect_answer().await;
    let (first, rest) = SAY.split_at(7);
    let (second, third) = rest.split_at(11);
    let fragments = [frame(TEXT, first), frame(CONTINUATION, second), frame(LAST | CONTINUATION, third)].concat();
    let empty_ones = [frame(TEXT, b""), frame(CONTINUATION, SAY), frame(LAST | CONTINUATION, b"")].concat();
    for message in [frame(LAST | TEXT, SAY), fragments, empty_ones] {
        wire.send(&message).await;
        wire.expect_answer().await;
        for byte in &message {
            wire.send(std::slice::from_ref(byte)).await;
        }
        wire.expect_answer().await;
        wire.send(&message.repeat(3)).await;
        for _ in 0..3 {
            wire.expect_answer().await;
        }
    }
}

#[actix_web::test]
async fn a_character_may_be_split_between_fragments() {
    let server = server().await;
    let mut wire = Wire::open(&server, b"").await;
    let text = r#"{"event":"pusher:ping","data":"é"}"#.as_bytes();
    let inside = text.iter().position(|byte| *byte == 0xc3).expect("é") + 1;
    wire.send(&[frame(TEXT, &text[..inside]), frame(LAST | CONTINUATION, &text[inside..])].concat()).await;
    wire.expect_answer().await;
}

#[actix_web::test]
async fn control_frames_come_between_fragments_and_are_answered_at_once() {
    let server = server().await;
    let mut wire = Wire::open(&server, b"").await;
    for payload in [&b""[..], b"are you there?", &[b'x'; 125]] {
        wire.send(&frame(TEXT, &SAY[..9])).await;
        wire.send(&[frame(LAST | PING, payload), frame(LAST | PONG, b"unasked")].concat()).await;
        assert_eq!(wire.next().await, (PONG, payload.to_vec()));
        wire.send(&frame(LAST | CONTINUATION, &SAY[9..])).await;
        wire.expect_answer().await;
    }
}

#[actix_web::test]
async fn what_the_protocol_forbids_closes_with_1002() {
    let unmasked = [&[LAST | TEXT, 2][..], b"{}"].concat();
    let endless = [&[LAST | TEXT, 0x80 | 127][..], &[0xff; 8], &[0; 4]].concat();
    let cases: [(&str, Vec<u8>); 11] = [
        ("not masked", unmasked),
        ("an unknown opcode", frame(LAST | 3, b"")),
        ("an unknown control opcode", frame(LAST | 11, b"")),
        ("a control frame in fragments", frame(PING, b"")),
        ("a control frame of 126 bytes", frame(LAST | PING, &[b'x'; 126])),
        ("a continuation of nothing", frame(LAST | CONTINUATION, b"x")),
        ("a message within a message", [frame(TEXT, b"x"), frame(LAST | TEXT, b"y")].concat()),
        ("a close of one byte", frame(LAST | CLOSE, &[3])),
        ("a close code that is never sent", frame(LAST | CLOSE, &1005_u16.to_be_bytes())),
        ("a close code that means nothing", frame(LAST | CLOSE, &999_u16.to_be_bytes())),
        ("a reason that is not UTF-8", frame(LAST | CLOSE, &[0x03, 0xe8, 0xff])),
    ];
    let server = server().await;
    for (case, bytes) in &cases {
        let mut wire = Wire::open(&server, b"").await;
        wire.send(bytes).await;
        assert_eq!(wire.close_code().await, 1002, "{case}");
    }
    let mut wire = Wire::open(&server, b"").await;
    wire.send(&endless).await;
    assert_eq!(wire.close_code().await, 1009, "a length beyond 63 bits");
}

#[actix_web::test]
async fn bits_that_no_extension_gave_a_meaning_are_refused() {
    let server = server().await;
    for bit in [0x40, 0x20, 0x10] {
        let mut wire = Wire::open(&server, b"").await;
        wire.send(&frame(LAST | TEXT | bit, SAY)).await;
        assert!([1002, 1007].contains(&wire.close_code().await), "{bit:#x}");
    }
}

#[actix_web::test]
async fn a_close_is_answered_with_its_code_and_the_connection_ends() {
    let server = server().await;
    for code in [1000_u16, 1001, 3000, 4999] {
        let mut wire = Wire::open(&server, b"").await;
        wire.send(&frame(LAST | CLOSE, &[&code.to_be_bytes()[..], b"good-bye"].concat())).await;
        assert_eq!(wire.next_close().await, code);
        wire.expect_end().await;
    }
}

#[actix_web::test]
async fn who_hangs_up_in_the_middle_of_a_frame_leaves_nothing_behind() {
    let server = server().await;
    for cut in [1, 3, 9, 20] {
        let mut wire = Wire::open(&server, b"").await;
        wire.send(&frame(LAST | TEXT, SAY)[..cut]).await;
    }
    let metrics = || async { server.stranger().get("/metrics").await.text };
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !metrics().await.contains("hubbub_sockets 0\n") {
        assert!(tokio::time::Instant::now() < deadline, "a socket stayed");
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn what_is_no_handshake_for_a_socket_is_answered_in_http() {
    let server = server().await;
    let mut wire = Wire(TcpStream::connect(server.address()).await.expect("connected"));
    wire.send(
        format!(
            "GET /app/{APP_KEY} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .as_bytes(),
    )
    .await;
    let head = wire.head().await;
    assert!(head.starts_with("HTTP/1.1 4"), "{head}");
}
