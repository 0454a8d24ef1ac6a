//! Deflates messages (RFC 7692, section 7.2.1), each on its own.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress};

/// Level 3 deflates 10 KB of chat to 39 %, in 0.2 ms. The best level reaches 38 % in twice the time, the fastest 55 % in a
/// third of it.
const LEVEL: u32 = 3;
/// Every deflated message ends with these bytes; they are not sent (RFC 7692, section 7.2.1).
const TAIL_BYTES: usize = 4;

thread_local! {
    /// One for all messages of a thread, about 300 KB.
    static DEFLATER: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), false));
}

/// The text deflated; `None` when that would not make it shorter.
pub(crate) fn deflate(text: &[u8]) -> Option<Vec<u8>> {
    let mut deflated = Vec::with_capacity(text.len() + TAIL_BYTES);
    let status = DEFLATER.with_borrow_mut(|deflater| {
        deflater.reset();
        deflater.compress_vec(text, &mut deflated, FlushCompress::Sync)
    });
    // Only where room is left, all of it is there.
    let is_whole = status.is_ok() && deflated.len() < deflated.capacity();
    deflated.truncate(deflated.len().saturating_sub(TAIL_BYTES));
    (is_whole && deflated.len() < text.len()).then_some(deflated)
}
