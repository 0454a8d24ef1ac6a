//! Pings in both directions, and who does not answer them.

use tokio_tungstenite::tungstenite::Message;

use crate::support::server::Server;
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

#[actix_web::test]
async fn the_silent_are_pinged_and_closed_with_4201_unless_they_answer() {
    let server = Server::start_with(|config| {
        config.socket.activity_timeout_secs = 1;
        config.socket.pong_timeout_secs = 1;
    })
    .await;
    let (mut silent, mut alive) = (Socket::open(&server).await, Socket::open(&server).await);
    for _ in 0..3 {
        assert_eq!(alive.next_text().await, r#"{"event":"pusher:ping","data":{}}"#);
        alive.send_message(Message::text(r#"{"event":"pusher:pong","data":{}}"#)).await.expect("sent");
    }
    let closed = silent.closed().await;
    assert_eq!(closed.code, 4201);
    assert_eq!(closed.texts, [r#"{"event":"pusher:ping","data":{}}"#]);
    alive.expect_silence().await;
}
