//! Files: their rows, and their contents on the disk.
//!
//! A content stands once, under its SHA-256, however many files have it. It is durable before the row that names it is
//! written; and it is noted as one to be looked at before it is put in place, so that a crash in between leaves nothing
//! that is not removed later.

mod check;
mod contents;
mod export;
mod library;
mod rows;
mod upload;

pub use contents::ContentHash;
pub use export::ExportedFile;
pub use library::{FileLibrary, Preview};
pub use rows::StoredFile;
pub use upload::{FinishedUpload, Upload};

pub(super) use export::exported_files;
pub(super) use rows::{attach, attach_files, check_attachable, remove_of_message};
