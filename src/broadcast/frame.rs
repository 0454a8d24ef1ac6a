//! Bytes as they go over the wire.

use actix_http::ws::{CloseCode, CloseReason, OpCode, Parser};
use bytes::{Buf, Bytes, BytesMut};

/// A complete WebSocket frame (RFC 6455, section 5.2), encoded once and shared by all sockets that get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// The longest header of a server's frame: two bytes and eight of length.
    const MAX_HEADER_BYTES: usize = 10;
    /// The longest reason of a close frame: 125 bytes of payload less two for the code.
    const MAX_REASON_BYTES: usize = 123;

    /// A text frame.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut bytes = BytesMut::with_capacity(text.len() + Self::MAX_HEADER_BYTES);
        Parser::write_message(&mut bytes, text, OpCode::Text, true, false);
        Self(bytes.freeze())
    }

    /// The answer to a ping of the WebSocket protocol.
    #[must_use]
    pub fn pong(payload: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(payload.len() + Self::MAX_HEADER_BYTES);
        Parser::write_message(&mut bytes, payload, OpCode::Pong, true, false);
        Self(bytes.freeze())
    }

    /// A close frame; a reason that is too long is cut between characters.
    #[must_use]
    pub fn close(code: u16, reason: &str) -> Self {
        let end = (0..=reason.len().min(Self::MAX_REASON_BYTES)).rev().find(|&end| reason.is_char_boundary(end));
        let reason =
            CloseReason { code: CloseCode::from(code), description: Some(reason[..end.unwrap_or(0)].to_owned()) };
        let mut bytes = BytesMut::new();
        Parser::write_close(&mut bytes, Some(reason), false);
        Self(bytes.freeze())
    }

    /// Bytes that go before the first frame: the answer to the upgrade.
    #[must_use]
    pub const fn raw(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Leaves out the first `bytes`, which were written.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.0.advance(bytes);
    }

    /// The bytes to write.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The text of a text frame, as it was framed: a server's frame is not masked.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        let header = match self.0.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        };
        self.0.get(header..).unwrap_or_default()
    }

    /// The frame's length on the wire, in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_frame_carries_its_length_in_one_three_or_nine_bytes() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = Frame::text(&"x".repeat(length));
            assert_eq!(frame.len_bytes(), header + length);
            assert_eq!(frame.bytes()[0], 0x81);
            assert_eq!(frame.payload().len(), length);
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = Frame::close(4100, &"é".repeat(100));
        assert_eq!(frame.bytes()[0], 0x88);
        let payload = &frame.bytes()[2..];
        assert_eq!(payload[..2], 4100_u16.to_be_bytes());
        assert_eq!(std::str::from_utf8(&payload[2..]), Ok("é".repeat(61).as_str()));
    }
}
