//! WebSocket frames from strangers: nothing panics, no limit is passed, and how the bytes arrive changes nothing.

#![no_main]

#[path = "../../src/sockets/transport/frames.rs"]
mod frames;
#[path = "../../src/sockets/transport/inflate.rs"]
mod inflate;

use bytes::BytesMut;
use flate2::{Compress, Compression, FlushCompress};
use libfuzzer_sys::fuzz_target;

use frames::{FrameError, FrameRules, WebSocketFrame};
use inflate::inflate;

const MAX_BYTES: usize = 1_000;
const RULES: FrameRules = FrameRules { max_payload_bytes: MAX_BYTES, may_be_deflated: true };

fuzz_target!(|input: &[u8]| {
    let (whole, error) = read([input]);
    for frame in &whole {
        assert!(frame.payload.len() <= MAX_BYTES);
        if let Ok(text) = inflate(&frame.payload, MAX_BYTES) {
            assert!(text.len() <= MAX_BYTES);
        }
    }
    assert_eq!(read(input.chunks(1)), (whole, error), "byte by byte");

    let mut deflated = Vec::with_capacity(input.len() + 100);
    let mut deflater = Compress::new(Compression::fast(), false);
    deflater.compress_vec(input, &mut deflated, FlushCompress::Sync).expect("room");
    deflated.truncate(deflated.len() - 4);
    assert_eq!(inflate(&deflated, input.len()).as_deref(), Ok(input));
    if let Some(too_few) = input.len().checked_sub(1) {
        assert_eq!(inflate(&deflated, too_few), Err(FrameError::TooLarge));
    }
});

/// All frames that come out of these pieces, and what ended them.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<WebSocketFrame>, Option<FrameError>) {
    let (mut unread, mut frames) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        unread.extend_from_slice(piece);
        loop {
            match RULES.next_frame(&mut unread) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}
