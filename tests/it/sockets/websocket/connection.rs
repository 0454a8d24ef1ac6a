//! A socket of which a test sees every byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::server::Server;
use crate::support::settings::{APP_KEY, DEADLINE};

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;
pub(super) const LAST: u8 = 0x80;
/// The first reserved bit: the message is deflated.
pub(super) const DEFLATED: u8 = 0x40;

/// A message that is answered, by [`Wire::expect_answer`].
pub(super) const SAY: &[u8] = br#"{"event":"pusher:ping","data":{}}"#;

/// A frame as a client sends it: masked.
pub(super) fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
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
pub(super) struct Wire(pub(super) TcpStream);

impl Wire {
    /// Connects and reads the greeting. `extra` is sent with the handshake, in one write.
    pub(super) async fn open(server: &Server, extra: &[u8]) -> Self {
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

    /// Connects with an offer of extensions, and reads what became of it and the greeting.
    pub(super) async fn offer(server: &Server, offer: &str) -> (Self, Option<String>) {
        let headers = format!("Sec-WebSocket-Extensions: {offer}\r\n");
        let mut wire = Self::ask(server, &format!("/app/{APP_KEY}?protocol=7"), &headers, b"").await;
        let head = wire.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let answer = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: ").map(str::to_owned));
        assert_eq!(wire.next().await.0, TEXT);
        (wire, answer)
    }

    pub(super) async fn knock(server: &Server, path: &str, extra: &[u8]) -> Self {
        Self::ask(server, path, "", extra).await
    }

    async fn ask(server: &Server, path: &str, headers: &str, extra: &[u8]) -> Self {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{headers}\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        let mut wire = Self(TcpStream::connect(server.address()).await.expect("connected"));
        wire.send(&[head.as_bytes(), extra].concat()).await;
        wire
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("sent");
    }

    /// The head of an HTTP answer.
    pub(super) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.byte().await);
        }
        String::from_utf8(head).expect("text")
    }

    pub(super) async fn byte(&mut self) -> u8 {
        timeout(DEADLINE, self.0.read_u8()).await.expect("in time").expect("a byte")
    }

    /// The next frame: its opcode and payload. A server's frames are whole and not masked.
    pub(super) async fn next(&mut self) -> (u8, Vec<u8>) {
        let (first, payload) = self.next_frame().await;
        assert_eq!(first & 0xf0, LAST, "whole, and no reserved bits");
        (first & 0x0f, payload)
    }

    /// The next frame as it is: its first byte and payload.
    pub(super) async fn next_frame(&mut self) -> (u8, Vec<u8>) {
        let first = self.byte().await;
        let length = match self.byte().await {
            126 => usize::from(u16::from_be_bytes([self.byte().await, self.byte().await])),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        timeout(DEADLINE, self.0.read_exact(&mut payload)).await.expect("in time").expect("a payload");
        (first, payload)
    }

    pub(super) async fn expect_answer(&mut self) {
        let (opcode, payload) = self.next().await;
        assert_eq!((opcode, payload.starts_with(br#"{"event":"pusher:pong""#)), (TEXT, true));
    }

    /// The code of the server's close frame, which is answered; after that the server ends the connection.
    pub(super) async fn close_code(&mut self) -> u16 {
        let code = self.next_close().await;
        self.send(&frame(LAST | CLOSE, &code.to_be_bytes())).await;
        self.expect_end().await;
        code
    }

    pub(super) async fn next_close(&mut self) -> u16 {
        let (opcode, payload) = self.next().await;
        assert_eq!(opcode, CLOSE, "{}", String::from_utf8_lossy(&payload));
        u16::from_be_bytes([payload[0], payload[1]])
    }

    pub(super) async fn expect_end(&mut self) {
        assert_eq!(timeout(DEADLINE, self.0.read(&mut [0; 8])).await.expect("in time").expect("an end"), 0);
    }
}
