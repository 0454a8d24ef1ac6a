//! A shared document.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Document, DocumentId, RoomId, Timestamp};

use super::UserRefPayload;

/// A shared document without its content: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
pub struct DocumentPayload<'a> {
    id: DocumentId,
    room_id: RoomId,
    title: &'a str,
    created_at: Timestamp,
    created_by: UserRefPayload<'a>,
    updated_at: Timestamp,
    updated_by: UserRefPayload<'a>,
    revision: i64,
    bytes: i64,
    #[schema(required)]
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

/// `document.saved`, what a save changed: see `docs/api.md`, "A document's channel".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentSaved)]
pub struct DocumentSavedPayload<'a> {
    /// The document.
    pub document_id: DocumentId,
    /// Its revision after the save.
    pub revision: i64,
    /// Who saved it.
    pub updated_by: UserRefPayload<'a>,
    /// What the document has, in base64; missing when it does not fit into an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state_vector: Option<String>,
    /// What was merged, in base64; missing when it does not fit into an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub update: Option<String>,
}
