//! Shared documents.
//!
//! Content is merged by the caller, outside of the store: a save says which revision it was merged into, and is told
//! when somebody else has saved since.
//!
//! - `catalogue`: listing, making, renaming, archiving and deleting documents.
//! - `rows`: the rows of `documents`, and who may see one.
//! - `saving`: reading and replacing the content.
//! - `versions`: earlier texts of a document.

pub(super) mod catalogue;
pub(super) mod rows;
pub(super) mod saving;
pub(super) mod versions;
