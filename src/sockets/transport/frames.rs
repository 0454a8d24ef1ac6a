//! WebSocket frames as clients send them (RFC 6455, section 5.2), parsed from the bytes of a connection.
//!
//! A parser of our own, for the one bit that permessage-deflate gives a meaning and actix's parser refuses. It does not
//! put fragments together; `tcp_reader` does. A header is checked as soon as it has arrived, so that nothing is buffered
//! of a frame that will be refused.

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

/// What a frame is (section 11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// One frame, without its mask.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WebSocketFrame {
    pub(super) opcode: Opcode,
    /// Whether the message ends with it.
    pub(super) is_last: bool,
    /// The first reserved bit: the message that begins with it is deflated (RFC 7692, section 6).
    pub(super) is_deflated: bool,
    pub(super) payload: Bytes,
}

/// Why the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum FrameError {
    /// It violates the protocol.
    #[error("not a frame of the WebSocket protocol")]
    Protocol,
    /// It is larger than is accepted, inflated or not.
    #[error("the message is too large (HUBBUB_MAX_FRAME_BYTES)")]
    TooLarge,
    /// A text is not UTF-8, or compressed data is corrupt.
    #[error("a text is not UTF-8, or a message cannot be inflated")]
    Invalid,
}

/// What this connection accepts.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameRules {
    pub(super) max_payload_bytes: usize,
    /// Whether permessage-deflate was negotiated.
    pub(super) may_be_deflated: bool,
}

impl FrameRules {
    /// Takes the next frame out of what was read; `None` while it is not whole.
    ///
    /// # Errors
    /// As soon as a header breaks the rules, whether or not the rest of its frame has arrived.
    pub(super) fn next_frame(self, unread: &mut BytesMut) -> Result<Option<WebSocketFrame>, FrameError> {
        let Some(&[first, second]) = unread.first_chunk() else { return Ok(None) };
        let (opcode, is_last, is_deflated) = self.judge(first, second)?;
        let Some((length, length_bytes)) = length(second & LENGTH, &unread[2..])? else { return Ok(None) };
        let length = usize::try_from(length).ok().filter(|length| *length <= self.max_payload_bytes);
        let length = length.ok_or(FrameError::TooLarge)?;

        let mask_at = 2 + length_bytes;
        let Some(&mask) = unread.get(mask_at..).and_then(<[u8]>::first_chunk::<4>) else { return Ok(None) };
        let payload_at = mask_at + mask.len();
        if unread.len() - payload_at < length {
            return Ok(None);
        }
        unread.advance(payload_at);
        let mut payload = unread.split_to(length);
        for chunk in payload.chunks_mut(mask.len()) {
            chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        }
        Ok(Some(WebSocketFrame { opcode, is_last, is_deflated, payload: payload.freeze() }))
    }

    /// What the first two bytes say.
    fn judge(self, first: u8, second: u8) -> Result<(Opcode, bool, bool), FrameError> {
        let (is_last, is_deflated) = (first & LAST != 0, first & DEFLATED != 0);
        let opcode = match first & OPCODE {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return Err(FrameError::Protocol),
        };
        let is_control = matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong);
        let begins_message = matches!(opcode, Opcode::Text | Opcode::Binary);
        let is_sound = first & RESERVED == 0
            && second & MASKED != 0
            && (!is_control || (is_last && second & LENGTH <= MAX_CONTROL_BYTES))
            && (!is_deflated || (self.may_be_deflated && begins_message));
        if is_sound { Ok((opcode, is_last, is_deflated)) } else { Err(FrameError::Protocol) }
    }
}

/// In the first byte: the message ends here, it is deflated, no extension has a use for these, the opcode.
const LAST: u8 = 0x80;
const DEFLATED: u8 = 0x40;
const RESERVED: u8 = 0x30;
const OPCODE: u8 = 0x0f;
/// In the second byte: the payload is masked, as every client's must be; its length, or how it is given.
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
const MAX_CONTROL_BYTES: u8 = 125;

/// The payload's length and in how many further bytes it is given, which must be as few as possible; `None` while they
/// are missing.
fn length(short: u8, further: &[u8]) -> Result<Option<(u64, usize)>, FrameError> {
    let (length, length_bytes, least) = match short {
        126 => match further.first_chunk() {
            Some(&bytes) => (u16::from_be_bytes(bytes).into(), 2, 126),
            None => return Ok(None),
        },
        127 => match further.first_chunk() {
            Some(&bytes) => (u64::from_be_bytes(bytes), 8, 0x1_0000),
            None => return Ok(None),
        },
        length => (length.into(), 0, 0),
    };
    if length < least { Err(FrameError::Protocol) } else { Ok(Some((length, length_bytes))) }
}

#[cfg(test)]
mod tests {
    use actix_http::ws::{OpCode, Parser};
    use rand::rngs::SmallRng;
    use rand::seq::IndexedRandom;
    use rand::{RngExt, SeedableRng};

    use super::*;

    const MAX_PAYLOAD_BYTES: usize = 70_000;
    const PLAIN: FrameRules = FrameRules { max_payload_bytes: MAX_PAYLOAD_BYTES, may_be_deflated: false };
    const DEFLATING: FrameRules = FrameRules { may_be_deflated: true, ..PLAIN };

    fn parse(rules: FrameRules, bytes: &[u8]) -> Result<Option<WebSocketFrame>, FrameError> {
        rules.next_frame(&mut BytesMut::from(bytes))
    }

    #[test]
    fn a_frame_is_whole_with_its_last_byte() {
        // The examples of section 5.7.
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        for end in 0..bytes.len() {
            assert_eq!(parse(PLAIN, &bytes[..end]), Ok(None), "{end}");
        }
        let mut unread = BytesMut::from(&[&bytes[..], &[0x89]].concat()[..]);
        let payload = Bytes::from_static(b"Hello");
        let expected = WebSocketFrame { opcode: Opcode::Text, is_last: true, is_deflated: false, payload };
        assert_eq!(PLAIN.next_frame(&mut unread), Ok(Some(expected)));
        assert_eq!(unread.as_ref(), [0x89], "what follows stays");
    }

    #[test]
    fn a_message_may_begin_deflated_where_that_was_agreed_upon() {
        for (first, is_allowed) in
            [(0xc1, true), (0xc2, true), (0x41, true), (0xc0, false), (0xc8, false), (0xc9, false), (0xca, false)]
        {
            let bytes = [first, 0x80, 0, 0, 0, 0];
            assert_eq!(parse(DEFLATING, &bytes).is_ok(), is_allowed, "{first:#x}");
            assert_eq!(parse(PLAIN, &bytes), Err(FrameError::Protocol), "{first:#x}");
        }
        for first in [0xa1, 0x91, 0xe1, 0xd1] {
            assert_eq!(parse(DEFLATING, &[first, 0x80]), Err(FrameError::Protocol), "{first:#x}");
        }
    }

    #[test]
    fn a_header_is_judged_before_the_rest_has_arrived() {
        let too_large = u64::try_from(MAX_PAYLOAD_BYTES + 1).expect("short").to_be_bytes();
        let cases: [(&str, &[u8], FrameError); 8] = [
            ("not masked", &[0x81, 0x05], FrameError::Protocol),
            ("an unknown opcode", &[0x83, 0x80], FrameError::Protocol),
            ("a control frame in fragments", &[0x09, 0x80], FrameError::Protocol),
            ("a control frame of 126 bytes", &[0x89, 0xfe], FrameError::Protocol),
            ("125 bytes, their length in two", &[0x81, 0xfe, 0, 125], FrameError::Protocol),
            ("65,535 bytes, their length in eight", &[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], FrameError::Protocol),
            ("a length beyond 63 bits", &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], FrameError::TooLarge),
            ("more than is accepted", &[&[0x81, 0xff][..], &too_large].concat(), FrameError::TooLarge),
        ];
        for (case, bytes, error) in cases {
            assert_eq!(parse(PLAIN, bytes), Err(error), "{case}");
        }
    }

    #[test]
    fn frames_are_read_as_actix_reads_them() {
        let mut random = SmallRng::seed_from_u64(6455);
        let lengths = [0, 1, 3, 4, 5, 125, 126, 127, 1_000, 65_535, 65_536, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1];
        for round in 0..20_000 {
            let length = *lengths[..if round % 20 == 0 { lengths.len() } else { 9 }].choose(&mut random).expect("some");
            let mut bytes = BytesMut::new();
            let payload: Vec<u8> = (0..length).map(|_| random.random()).collect();
            Parser::write_message(&mut bytes, payload, OpCode::Binary, true, true);
            bytes[0] = random.random::<u8>() & !DEFLATED;
            if random.random_ratio(1, 4) {
                let at = random.random_range(0..bytes.len().min(16));
                bytes[at] = random.random();
            }
            bytes.truncate(if random.random_ratio(1, 4) { random.random_range(0..=bytes.len()) } else { bytes.len() });

            let (mut ours, mut theirs) = (bytes.clone(), bytes.clone());
            let theirs_read = Parser::parse(&mut theirs, true, MAX_PAYLOAD_BYTES);
            match (PLAIN.next_frame(&mut ours), theirs_read) {
                (Ok(Some(frame)), Ok(Some((is_last, opcode, payload)))) => {
                    assert_eq!(
                        format!("{:?}", frame.opcode).replace("Continuation", "Continue"),
                        format!("{opcode:?}")
                    );
                    assert_eq!((frame.is_last, &frame.payload[..]), (is_last, &payload.unwrap_or_default()[..]));
                    assert_eq!(ours, theirs);
                }
                // They wait for the whole frame before they refuse it, and leave some rules to others.
                (Ok(None), Ok(None)) | (Err(_), Err(_) | Ok(None)) => {}
                (Err(FrameError::Protocol), Ok(Some((false, OpCode::Close | OpCode::Ping | OpCode::Pong, _)))) => {}
                (Err(FrameError::Protocol), Ok(Some(_))) if is_longer_than_needed(&bytes) => {}
                (ours, theirs) => panic!("{ours:?} is not {theirs:?}, of {:?}", &bytes[..bytes.len().min(16)]),
            }
        }
    }

    fn is_longer_than_needed(header: &[u8]) -> bool {
        matches!(header, [_, 0xfe, 0, 0..126, ..] | [_, 0xff, 0, 0, 0, 0, 0, 0, ..])
    }
}
