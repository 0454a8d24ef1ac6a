//! Shared texts as Yjs keeps them: bytes in, bytes out.
//!
//! A document is a Yjs document with one shared type, the text named `text`. Its state and every change of it are *updates*
//! (encoding v1); merging the same updates gives the same text, in whichever order and however often they come.
//!
//! Updates come from strangers. `outline` reads one by itself before `yrs` does, and lets through what a plain text is
//! made of and nothing else: no nested values whose depth could exhaust the stack, no counts that ask for memory without
//! bringing bytes, no clocks that overflow.

mod merge;
mod mergeable;
mod outline;
#[cfg(test)]
mod tests;

pub use merge::{Merged, TextNow, UpdateError, changes_to, merge, missing_from, read_text};

/// The state of a document in which nothing was written.
pub const EMPTY_STATE: [u8; 2] = [0, 0];
/// The state vector of [`EMPTY_STATE`].
pub const EMPTY_STATE_VECTOR: [u8; 1] = [0];
