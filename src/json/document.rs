//! A shared document.

use serde::Serialize;

use crate::domain::{Document, DocumentId, RoomId, Timestamp};

use super::AuthorPayload;

/// A shared document without its content: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize)]
pub struct DocumentPayload<'a> {
    id: DocumentId,
    room_id: RoomId,
    title: &'a str,
    created_at: Timestamp,
    created_by: AuthorPayload<'a>,
    updated_at: Timestamp,
    updated_by: AuthorPayload<'a>,
    revision: i64,
    bytes: i64,
    archived_at: Option<Timestamp>,
}

impl<'a> From<&'a Document> for DocumentPayload<'a> {
    fn from(document: &'a Document) -> Self {
        Self {
            id: document.id,
            room_id: document.room_id,
            title: &document.title,
            created_at: document.created_at,
            created_by: (&document.created_by).into(),
            updated_at: document.updated_at,
            updated_by: (&document.updated_by).into(),
            revision: document.revision,
            bytes: document.bytes,
            archived_at: document.archived_at,
        }
    }
}
