//! Files: their rows, and their contents on the disk.
//!
//! A content stands once, under its SHA-256, however many files have it. It is durable before the row that names it is
//! written; and it is noted as one to be looked at before it is put in place, so that a crash in between leaves nothing
//! that is not removed later.
//!
//! - `check`: whether rows and contents agree.
//! - `content_hash`: the name of a content: its SHA-256.
//! - `contents`: the directory of the contents.
//! - `export`: the files of an export.
//! - `file`: adds a row, and reads one that a person may see.
//! - `library`: [`FileLibrary`](library::FileLibrary): rows and contents together, for the rest of the program.
//! - `removals`: contents that are to be removed once no row has them.
//! - `rows`: the rows of `files`, and which message has which.
//! - `upload`: a file while it is being received.

pub(super) mod check;
pub(super) mod content_hash;
pub(super) mod contents;
pub(super) mod export;
pub(super) mod file;
pub(super) mod library;
pub(super) mod removals;
pub(super) mod rows;
pub(super) mod upload;
