//! Shared documents: their rows, their content, and what they said before.
//!
//! The content is merged by whoever saves, outside of the store: a save says which revision it was merged into, and is
//! told when somebody else was faster.

mod catalogue;
mod rows;
mod saving;
mod versions;

pub use catalogue::{ChangedDocument, DocumentChange};
pub use saving::{DocumentSave, StoredContent, VersionRule};

pub(super) use catalogue::document_ids_of_room;
pub(super) use rows::{DocumentRow, documents_by_id, with_people};
