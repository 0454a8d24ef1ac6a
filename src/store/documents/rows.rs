//! Rows of documents, without the content, and who may see them.

use diesel::prelude::*;

use crate::domain::{Document, DocumentId, Refusal, RoomId, Timestamp, UserId, UserRef};
use crate::store::StoreError;
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::error::damaged;
use crate::store::engine::schema::documents;
use crate::store::people::rows::authors_by_id;
use crate::store::rooms::access::{require_membership, require_writing};

/// A document without its content.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = documents, check_for_backend(MultiBackend))]
pub(in crate::store) struct DocumentRow {
    pub(super) id: i64,
    pub(super) room_id: i64,
    title: String,
    created_at: i64,
    pub(super) created_by: i64,
    updated_at: i64,
    pub(super) updated_by: i64,
    revision: i64,
    bytes: i64,
    archived_at: Option<i64>,
}

/// Completes rows with the names of people.
pub(in crate::store) fn with_people(
    connection: &mut DbConnection,
    rows: Vec<DocumentRow>,
) -> Result<Vec<Document>, StoreError> {
    let people = authors_by_id(connection, rows.iter().flat_map(|row| [row.created_by, row.updated_by]).collect())?;
    let person = |row: &DocumentRow, id: i64| -> Result<UserRef, StoreError> {
        let position = people.binary_search_by_key(&id, |person| person.id);
        Ok(people[position.map_err(|_| damaged("documents", row.id, "created_by"))?].clone().into())
    };
    let document = |row: DocumentRow| {
        Ok(Document {
            created_by: person(&row, row.created_by)?,
            updated_by: person(&row, row.updated_by)?,
            id: DocumentId(row.id),
            room_id: RoomId(row.room_id),
            title: row.title,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            revision: row.revision,
            bytes: row.bytes,
            archived_at: row.archived_at.map(Timestamp),
        })
    };
    rows.into_iter().map(document).collect()
}

/// The documents of those ids, in the order of their ids.
pub(in crate::store) fn documents_by_id(
    connection: &mut DbConnection,
    ids: Vec<i64>,
) -> Result<Vec<Document>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = documents::table.filter(documents::id.eq_any(ids)).order(documents::id);
    let rows = found.select(DocumentRow::as_select()).load(connection)?;
    with_people(connection, rows)
}

/// A document that was not deleted, for whoever may see its room.
///
/// # Errors
/// [`Refusal::DocumentNotFound`].
pub(super) fn existing_document(connection: &mut DbConnection, id: DocumentId) -> Result<Document, StoreError> {
    let is_there = documents::table.find(id.0).filter(documents::deleted_at.is_null()).select(documents::id);
    let found: Option<i64> = is_there.first(connection).optional()?;
    let document = found.map(|id| documents_by_id(connection, vec![id])).transpose()?.and_then(|mut found| found.pop());
    document.ok_or(StoreError::Refused(Refusal::DocumentNotFound))
}

/// A document of a room that `viewer` must belong to. One in a closed room of which `viewer` is no member is reported
/// as not found.
///
/// # Errors
/// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`].
pub(super) fn document_for_member(
    connection: &mut DbConnection,
    viewer: UserId,
    id: DocumentId,
) -> Result<Document, StoreError> {
    let document = existing_document(connection, id)?;
    require_membership(connection, viewer, document.room_id).map_err(hide_room)?;
    Ok(document)
}

/// The same for somebody who is to change it.
///
/// # Errors
/// [`Refusal::RoomArchived`] besides those of [`document_for_member`]. Whether the document itself is archived is not looked at.
pub(super) fn document_for_writer(
    connection: &mut DbConnection,
    writer: UserId,
    id: DocumentId,
) -> Result<Document, StoreError> {
    let document = existing_document(connection, id)?;
    require_writing(connection, writer, document.room_id).map_err(hide_room)?;
    Ok(document)
}

/// Who may not know of the room may not know of its document.
fn hide_room(error: StoreError) -> StoreError {
    match error {
        StoreError::Refused(Refusal::RoomNotFound) => StoreError::Refused(Refusal::DocumentNotFound),
        error => error,
    }
}

/// The room that a document is in, to be locked. A document never moves to another room.
///
/// # Errors
/// [`Refusal::DocumentNotFound`].
pub(super) fn room_of(connection: &mut DbConnection, id: DocumentId) -> Result<RoomId, StoreError> {
    let room: Option<i64> = documents::table.find(id.0).select(documents::room_id).first(connection).optional()?;
    room.map(RoomId).ok_or(StoreError::Refused(Refusal::DocumentNotFound))
}

/// The documents of a room.
pub(in crate::store) fn document_ids_of_room(
    connection: &mut DbConnection,
    room: RoomId,
) -> QueryResult<Vec<DocumentId>> {
    let ids: Vec<i64> = documents::table
        .filter(documents::room_id.eq(room.0).and(documents::deleted_at.is_null()))
        .select(documents::id)
        .load(connection)?;
    Ok(ids.into_iter().map(DocumentId).collect())
}
