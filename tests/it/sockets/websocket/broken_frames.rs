//! Frames that nobody should send: each is answered, or ends its own socket, and harms no other.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::server::Server;
use crate::support::socket::Socket;

#[actix_web::test]
async fn a_text_that_is_no_frame_is_answered_with_4200_and_the_socket_stays() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    let deep = "[".repeat(20_000);
    for text in [
        "",
        "x",
        "[]",
        "{}",
        "null",
        "{\"event\"",
        r#"{"event":1}"#,
        r#"{"event":"x"} {}"#,
        r#"{"event":"pusher:subscribe"}"#,
        r#"{"event":"pusher:subscribe","data":{"channel":1}}"#,
        r#"{"event":"pusher:subscribe","data":"no json"}"#,
        r#"{"event":"pusher:unsubscribe","data":[]}"#,
        r#"{"event":"pusher:signin","data":{}}"#,
        r#"{"event":"client-x"}"#,
        r#"{"event":"pusher:nonsense"}"#,
        "{\"event\":\"pusher:ping\",\"data\":\"\u{0}\"",
        &deep,
    ] {
        socket.send_message(Message::text(text)).await.expect("sent");
        assert_eq!(socket.error_code().await, 4200, "{text:.40}");
    }
    socket.subscribe("c", None).await;
}

#[actix_web::test]
async fn a_binary_frame_closes_with_1003() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.send_message(Message::binary(b"{}".to_vec())).await.expect("sent");
    assert_eq!(socket.closed().await.code, 1003);
}

#[actix_web::test]
async fn a_frame_of_one_megabyte_closes_with_1009() {
    let server = Server::start().await;
    let (mut socket, mut bystander) = (Socket::open(&server).await, Socket::open(&server).await);
    // The server may cut the connection while the frame is still being sent.
    let sent = socket.send_message(Message::text("x".repeat(1_000_000))).await;
    let closed = socket.closed().await;
    assert!(closed.code == 1009 || sent.is_err(), "{closed:?}");
    bystander.expect_silence().await;
}

#[actix_web::test]
async fn the_largest_frame_is_read_and_one_byte_more_is_not() {
    let server = Server::start_with(|config| {
        config.socket.max_frame_bytes = 1_000;
        config.socket.max_event_data_bytes = 1_000;
    })
    .await;
    let mut socket = Socket::open(&server).await;
    let padded = |bytes: usize| {
        let frame = r#"{"event":"pusher:ping","data":""}"#;
        frame.replace(r#""""#, &format!(r#""{}""#, "x".repeat(bytes - frame.len())))
    };
    socket.send_message(Message::text(padded(1_000))).await.expect("sent");
    socket.expect("pusher:pong").await;
    socket.send_message(Message::text(padded(1_001))).await.expect("sent");
    assert_eq!(socket.closed().await.code, 1009);
}

#[actix_web::test]
async fn a_text_that_is_not_utf_8_closes_with_1007() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    let frame = Frame::message(b"{\"event\":\"\xff\xfe\"}".to_vec(), OpCode::Data(Data::Text), true);
    socket.send_message(Message::Frame(frame)).await.expect("sent");
    assert_eq!(socket.closed().await.code, 1007);
}

#[actix_web::test]
async fn a_message_in_fragments_is_one_message() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    let text = json!({"event": "pusher:subscribe", "data": {"channel": "c"}}).to_string();
    let (first, rest) = text.as_bytes().split_at(9);
    let (second, third) = rest.split_at(20);
    for (part, opcode, is_last) in
        [(first, Data::Text, false), (second, Data::Continue, false), (third, Data::Continue, true)]
    {
        let frame = Frame::message(part.to_vec(), OpCode::Data(opcode), is_last);
        socket.send_message(Message::Frame(frame)).await.expect("sent");
    }
    socket.expect("pusher_internal:subscription_succeeded").await;
}

#[actix_web::test]
async fn fragments_without_an_end_close_with_1009() {
    let server = Server::start_with(|config| {
        config.socket.max_frame_bytes = 1_000;
        config.socket.max_event_data_bytes = 1_000;
    })
    .await;
    let mut socket = Socket::open(&server).await;
    let mut opcode = Data::Text;
    for _ in 0..2_000 {
        let frame = Frame::message(vec![b'x'; 900], OpCode::Data(opcode), false);
        if socket.send_message(Message::Frame(frame)).await.is_err() {
            return;
        }
        opcode = Data::Continue;
    }
    assert_eq!(socket.closed().await.code, 1009);
}

#[actix_web::test]
async fn bytes_that_are_no_frame_close_with_1002() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    // Not masked, as a client's frames must be (RFC 6455, section 5.1).
    socket.connection().write_all(b"\x81\x02{}").await.expect("sent");
    assert_eq!(socket.closed().await.code, 1002);
}

#[actix_web::test]
async fn a_close_is_answered_with_its_own_code() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.send_message(Message::Close(None)).await.expect("sent");
    assert_eq!(socket.closed().await.code, 1000);
}
