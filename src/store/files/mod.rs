//! Files: their rows, and their contents on the disk.
//!
//! A content is stored once, under its SHA-256, however many files have it. It is marked for removal before it is
//! written to the disk, and durable on the disk before its row is written. So after a crash in between it is found and
//! removed.
//!
//! - `check`: whether rows and contents agree.
//! - `content_hash`: the name of a content: its SHA-256.
//! - `contents`: the directory of the contents.
//! - `export`: the files of an export.
//! - `file`: adds a row, and reads one that a person may see.
//! - `storage`: [`FileStorage`](storage::FileStorage): rows and contents together, for the rest of the program.
//! - `removals`: contents that are marked, to be removed if no row has them.
//! - `rows`: the rows of `files`, and which message has which.
//! - `upload`: a file while it is being received.

pub(super) mod check;
pub(super) mod content_hash;
pub(super) mod contents;
pub(super) mod export;
pub(super) mod file;
pub(super) mod removals;
pub(super) mod rows;
pub(super) mod storage;
pub(super) mod upload;
