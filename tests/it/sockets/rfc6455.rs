//! RFC 6455 as it is written, byte by byte and on both transports.

use hubbub::config::SocketTransport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{APP_KEY, DEADLINE, Server};

const TRANSPORTS: [SocketTransport; 2] = [SocketTransport::Tcp, SocketTransport::ActixWs];

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const LAST: u8 = 0x80;

const SAY: &[u8] = br#"{"event":"pusher:ping","data":{}}"#;

async fn server(transport: SocketTransport) -> Server {
    Server::start_with(|config| {
        config.socket.socket_transport = transport;
        config.socket.max_frame_bytes = 2_000;
    })
    .await
}

/// A frame as a client sends it: masked.
fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first_byte];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).expect("short")),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(length).expect("short").to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A connection that was upgraded, and nothing between the test and its bytes.
struct Wire(TcpStream);

impl Wire {
    /// Connects and reads the greeting. `extra` is sent with the handshake, in one write.
    async fn open(server: &Server, extra: &[u8]) -> Self {
        let mut wire = Self::knock(server, &format!("/app/{APP_KEY}?protocol=7"), extra).await;
        let head = wire.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        // The key and its answer are those of RFC 6455, section 1.3.
        assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        let (opcode, greeting) = wire.next().await;
        assert_eq!(opcode, TEXT);
        assert!(greeting.starts_with(br#"{"event":"pusher:connection_established""#));
        wire
    }

    async fn knock(server: &Server, path: &str, extra: &[u8]) -> Self {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        let mut wire = Self(TcpStream::connect(server.address()).await.expect("connected"));
        wire.send(&[head.as_bytes(), extra].concat()).await;
        wire
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("sent");
    }

    /// The head of an HTTP answer.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.byte().await);
        }
        String::from_utf8(head).expect("text")
    }

    async fn byte(&mut self) -> u8 {
        timeout(DEADLINE, self.0.read_u8()).await.expect("in time").expect("a byte")
    }

    /// The next frame: its opcode and payload. A server's frames are whole and not masked.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let first = self.byte().await;
        assert_eq!(first & 0xf0, LAST, "whole, and no reserved bits");
        let length = match self.byte().await {
            126 => usize::from(u16::from_be_bytes([self.byte().await, self.byte().await])),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        timeout(DEADLINE, self.0.read_exact(&mut payload)).await.expect("in time").expect("a payload");
        (first & 0x0f, payload)
    }

    async fn expect_answer(&mut self) {
        let (opcode, payload) = self.next().await;
        assert_eq!((opcode, payload.starts_with(br#"{"event":"pusher:pong""#)), (TEXT, true));
    }

    /// The code of the server's close frame, which is answered; after that the server ends the connection.
    async fn close_code(&mut self) -> u16 {
        let code = self.next_close().await;
        self.send(&frame(LAST | CLOSE, &code.to_be_bytes())).await;
        self.expect_end().await;
        code
    }

    async fn next_close(&mut self) -> u16 {
        let (opcode, payload) = self.next().await;
        assert_eq!(opcode, CLOSE, "{}", String::from_utf8_lossy(&payload));
        u16::from_be_bytes([payload[0], payload[1]])
    }

    async fn expect_end(&mut self) {
        assert_eq!(timeout(DEADLINE, self.0.read(&mut [0; 8])).await.expect("in time").expect("an end"), 0);
    }
}

#[actix_web::test]
async fn messages_are_understood_however_they_are_cut() {
    for transport in TRANSPORTS {
        let server = server(transport).await;
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
}

#[actix_web::test]
async fn a_character_may_be_split_between_fragments() {
    for transport in TRANSPORTS {
        let server = server(transport).await;
        let mut wire = Wire::open(&server, b"").await;
        let text = r#"{"event":"pusher:ping","data":"é"}"#.as_bytes();
        let inside = text.iter().position(|byte| *byte == 0xc3).expect("é") + 1;
        wire.send(&[frame(TEXT, &text[..inside]), frame(LAST | CONTINUATION, &text[inside..])].concat()).await;
        wire.expect_answer().await;
    }
}

#[actix_web::test]
async fn control_frames_come_between_fragments_and_are_answered_at_once() {
    for transport in TRANSPORTS {
        let server = server(transport).await;
        let mut wire = Wire::open(&server, b"").await;
        for payload in [&b""[..], b"are you there?", &[b'x'; 125]] {
            wire.send(&frame(TEXT, &SAY[..9])).await;
            wire.send(&[frame(LAST | PING, payload), frame(LAST | PONG, b"unasked")].concat()).await;
            assert_eq!(wire.next().await, (PONG, payload.to_vec()));
            wire.send(&frame(LAST | CONTINUATION, &SAY[9..])).await;
            wire.expect_answer().await;
        }
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
    for transport in TRANSPORTS {
        let server = server(transport).await;
        for (case, bytes) in &cases {
            let mut wire = Wire::open(&server, b"").await;
            wire.send(bytes).await;
            assert_eq!(wire.close_code().await, 1002, "{case}, {transport:?}");
        }
        let mut wire = Wire::open(&server, b"").await;
        wire.send(&endless).await;
        assert_eq!(wire.close_code().await, 1009, "a length beyond 63 bits, {transport:?}");
    }
}

#[actix_web::test]
async fn bits_that_no_extension_gave_a_meaning_are_refused() {
    for transport in TRANSPORTS {
        let server = server(transport).await;
        for bit in [0x40, 0x20, 0x10] {
            let mut wire = Wire::open(&server, b"").await;
            wire.send(&frame(LAST | TEXT | bit, SAY)).await;
            assert!([1002, 1007].contains(&wire.close_code().await), "{bit:#x}, {transport:?}");
        }
    }
}

#[actix_web::test]
async fn a_close_is_answered_with_its_code_and_the_connection_ends() {
    for transport in TRANSPORTS {
        let server = server(transport).await;
        for code in [1000_u16, 1001, 3000, 4999] {
            let mut wire = Wire::open(&server, b"").await;
            wire.send(&frame(LAST | CLOSE, &[&code.to_be_bytes()[..], b"good-bye"].concat())).await;
            assert_eq!(wire.next_close().await, code, "{transport:?}");
            wire.expect_end().await;
        }
    }
}

#[actix_web::test]
async fn who_hangs_up_in_the_middle_of_a_frame_leaves_nothing_behind() {
    for transport in TRANSPORTS {
        let server = server(transport).await;
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
}

#[actix_web::test]
async fn what_is_no_handshake_for_a_socket_is_answered_in_http() {
    for transport in TRANSPORTS {
        let server = server(transport).await;
        let mut elsewhere = Wire::knock(&server, "/api/v1/rooms", b"").await;
        let head = elsewhere.head().await;
        assert!(head.starts_with("HTTP/1.1 4"), "{head}");
        let mut wire = Wire(TcpStream::connect(server.address()).await.expect("connected"));
        wire.send(
            format!(
                "GET /app/{APP_KEY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            .as_bytes(),
        )
        .await;
        let head = wire.head().await;
        assert!(head.starts_with("HTTP/1.1 4"), "{head}");
    }
}
