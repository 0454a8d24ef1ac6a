//! Decompresses messages of clients (RFC 7692, section 7.2.2), up to a limit.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

use super::frames::FrameError;

/// What is inflated at once: by so much at most a message can be larger than the limit before it is refused.
const STEP_BYTES: usize = 16 * 1024;
/// The end of every message, which is left out on the wire.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

thread_local! {
    /// One for all sockets of a thread: without context takeover no message refers to an earlier one.
    static INFLATER: RefCell<(Decompress, Box<[u8]>)> =
        RefCell::new((Decompress::new(false), vec![0; STEP_BYTES].into_boxed_slice()));
}

/// Inflates a message.
///
/// # Errors
/// [`FrameError::Invalid`], or [`FrameError::TooLarge`] beyond `max_bytes`; the rest is then not inflated.
pub(super) fn inflate(deflated: &[u8], max_bytes: usize) -> Result<Bytes, FrameError> {
    INFLATER.with_borrow_mut(|(inflater, step)| {
        inflater.reset(false);
        let mut inflated = Vec::new();
        for mut input in [deflated, &TAIL] {
            loop {
                let (taken, made) = (inflater.total_in(), inflater.total_out());
                let status = inflater.decompress(input, step, FlushDecompress::Sync);
                let status = status.map_err(|_| FrameError::Invalid)?;
                // Neither is more than what it was given.
                let (taken, made) = ((inflater.total_in() - taken) as usize, (inflater.total_out() - made) as usize);
                input = &input[taken..];
                if inflated.len() + made > max_bytes {
                    return Err(FrameError::TooLarge);
                }
                inflated.extend_from_slice(&step[..made]);
                match status {
                    // A block that calls itself the last may end a message, and another follow it (section 7.2.3.4).
                    Status::StreamEnd => inflater.reset(false),
                    Status::Ok | Status::BufError if made < step.len() => break,
                    Status::Ok | Status::BufError => {}
                }
            }
        }
        Ok(inflated.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"Hello";

    #[test]
    fn the_examples_of_the_standard_are_understood() {
        for (case, deflated, expected) in [
            ("7.2.3.1, fixed codes", &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], HELLO),
            ("7.2.3.3, no compression", &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00], HELLO),
            ("7.2.3.4, the last block", &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], HELLO),
            (
                "7.2.3.5, two blocks",
                &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
                HELLO,
            ),
            ("7.2.3.6, nothing", &[0x00], b""),
            ("nothing at all", &[], b""),
        ] {
            assert_eq!(inflate(deflated, 5).as_deref(), Ok(expected), "{case}");
        }
    }

    #[test]
    fn a_block_may_follow_one_that_calls_itself_the_last() {
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let deflated = [&last[..], &last, &[0x00]].concat();
        assert_eq!(inflate(&deflated, 10).as_deref(), Ok(&b"HelloHello"[..]));
    }

    #[test]
    fn the_limit_is_on_what_comes_out() {
        for length in [1, STEP_BYTES - 1, STEP_BYTES, STEP_BYTES + 1, 5 * STEP_BYTES] {
            let deflated = deflate(&vec![b'x'; length]);
            assert_eq!(inflate(&deflated, length).map(|inflated| inflated.len()), Ok(length));
            assert_eq!(inflate(&deflated, length - 1), Err(FrameError::TooLarge), "{length}");
        }
    }

    #[test]
    fn a_message_knows_nothing_of_the_one_before() {
        // 7.2.3.2: the second message says "what the first said".
        assert_eq!(inflate(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 5).as_deref(), Ok(HELLO));
        assert_eq!(inflate(&[0xf2, 0x00, 0x11, 0x00, 0x00], 5), Err(FrameError::Invalid));
        assert_eq!(inflate(&[0xff; 9], 100), Err(FrameError::Invalid), "a block of no kind");
        assert_eq!(inflate(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 5).as_deref(), Ok(HELLO), "nor of an error");
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut deflated = Vec::with_capacity(bytes.len() + 64);
        let mut deflater = flate2::Compress::new(flate2::Compression::fast(), false);
        deflater.compress_vec(bytes, &mut deflated, flate2::FlushCompress::Sync).expect("room");
        deflated.truncate(deflated.len() - TAIL.len());
        deflated
    }
}
