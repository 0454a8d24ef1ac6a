//! Reading and replacing the content of documents.

use std::time::Duration;

use diesel::prelude::*;

use crate::domain::{Document, DocumentContent, DocumentId, Refusal, Timestamp, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{document_versions, documents};
use crate::store::rooms::access::lock_room;
use crate::store::{StorageRations, Store, StoreError};

use super::rows::{document_for_member, document_for_writer, room_of};

/// A document with its Yjs state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentState {
    /// The document.
    pub document: Document,
    /// The whole state, as one Yjs update.
    pub state: Vec<u8>,
    /// The Yjs state vector: for each client, how many of its changes are in the state.
    pub state_vector: Vec<u8>,
}

/// A merged content to be stored.
#[derive(Debug, Clone)]
pub struct DocumentSave {
    /// The document.
    pub id: DocumentId,
    /// The revision that the content was merged into.
    pub revision: i64,
    /// The new content.
    pub content: DocumentContent,
    /// When the content that is replaced is kept as a version.
    pub version_policy: VersionPolicy,
}

/// When a save keeps the replaced text as a version.
#[derive(Debug, Clone, Copy)]
pub struct VersionPolicy {
    /// The shortest time between two versions.
    pub interval: Duration,
    /// Versions kept for each document; the oldest are removed first.
    pub most: i64,
}

impl Store {
    /// A document with its state.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`].
    pub async fn document_content(&self, viewer: UserId, id: DocumentId) -> Result<DocumentState, StoreError> {
        self.read_snapshot(move |connection| {
            let document = document_for_member(connection, viewer, id)?;
            let content = documents::table.find(id.0).select((documents::state, documents::state_vector));
            let (state, state_vector) = content.first(connection)?;
            Ok(DocumentState { document, state, state_vector })
        })
        .await
    }

    /// A document with its text.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`].
    pub async fn document_text(&self, viewer: UserId, id: DocumentId) -> Result<(Document, String), StoreError> {
        self.read_snapshot(move |connection| {
            let document = document_for_member(connection, viewer, id)?;
            Ok((document, documents::table.find(id.0).select(documents::text).first(connection)?))
        })
        .await
    }

    /// Replaces a document's content, and returns the document; `None` when somebody else has saved since, and the
    /// caller has to merge again.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`], [`Refusal::RoomArchived`],
    /// [`Refusal::DocumentArchived`], [`Refusal::DocumentBytesUsedUp`].
    pub async fn save_document(&self, by: UserId, save: DocumentSave) -> Result<Option<Document>, StoreError> {
        let rations = self.rations;
        self.write_for(by, move |connection| save_content(connection, by, &save, rations)).await
    }
}

fn save_content(
    connection: &mut DbConnection,
    by: UserId,
    save: &DocumentSave,
    rations: StorageRations,
) -> Result<Option<Document>, StoreError> {
    let room = room_of(connection, save.id)?;
    lock_room(connection, room)?;
    let old = document_for_writer(connection, by, save.id)?;
    if old.archived_at.is_some() {
        return Err(StoreError::Refused(Refusal::DocumentArchived));
    }
    if old.revision != save.revision {
        return Ok(None);
    }
    let grows_by = save.content.state.len().saturating_sub(usize::try_from(old.bytes).unwrap_or(0));
    if grows_by > 0 {
        let grows_by = u64::try_from(grows_by).unwrap_or(u64::MAX);
        rations.require_document_bytes(connection, old.created_by.id, grows_by)?;
    }
    let now = Timestamp::now();
    keep_version(connection, &old, save.version_policy, rations.version_bytes, now)?;
    let content = &save.content;
    diesel::update(documents::table.find(save.id.0))
        .set((
            documents::updated_at.eq(now.0),
            documents::updated_by.eq(by.0),
            documents::revision.eq(old.revision + 1),
            documents::bytes.eq(i64::try_from(content.state.len()).unwrap_or(i64::MAX)),
            documents::state.eq(&content.state),
            documents::state_vector.eq(&content.state_vector),
            documents::text.eq(&content.text),
            documents::words.eq(&content.words),
        ))
        .execute(connection)?;
    document_for_member(connection, by, save.id).map(Some)
}

/// Keeps the text that is about to be replaced as a version, if the newest version is old enough. The old text and not
/// the new one: somebody who deletes everything after a week without changes must not lose the text of that week.
fn keep_version(
    connection: &mut DbConnection,
    document: &Document,
    rule: VersionPolicy,
    max_bytes: Option<u64>,
    now: Timestamp,
) -> QueryResult<()> {
    let of_document = document_versions::table.filter(document_versions::document_id.eq(document.id.0));
    let newest: Option<(i64, i64)> = of_document
        .order(document_versions::number.desc())
        .select((document_versions::number, document_versions::kept_at))
        .first(connection)
        .optional()?;
    let (last, kept_at) = newest.unwrap_or((0, document.created_at.0));
    if document.revision == 0 || Timestamp(kept_at).after(rule.interval) > now {
        return Ok(());
    }
    let number = last + 1;
    // Numbers of ours alone; the text does not leave the database.
    diesel::sql_query(format!(
        "INSERT INTO document_versions (document_id, number, revision, bytes, saved_at, saved_by, kept_at, text) \
         SELECT id, {number}, revision, octet_length(text), updated_at, updated_by, {}, text FROM documents WHERE id = {}",
        now.0, document.id
    ))
    .execute(connection)?;
    let old = document_versions::number.le(number.saturating_sub(rule.most));
    diesel::delete(document_versions::table.filter(document_versions::document_id.eq(document.id.0).and(old)))
        .execute(connection)?;
    match max_bytes {
        Some(max_bytes) => remove_versions_beyond(connection, document, number, max_bytes),
        None => Ok(()),
    }
}

/// Removes the oldest versions, so that the others have `max_bytes` together; the newest one stays whatever it has.
fn remove_versions_beyond(
    connection: &mut DbConnection,
    document: &Document,
    newest: i64,
    max_bytes: u64,
) -> QueryResult<()> {
    // Numbers of ours alone.
    let id = document.id;
    let sums = format!(
        "SELECT number, sum(bytes) OVER (ORDER BY number DESC) AS total FROM document_versions WHERE document_id = {id}"
    );
    let oldest = format!("SELECT coalesce(min(number), {newest}) FROM ({sums}) AS sums WHERE total <= {max_bytes}");
    diesel::sql_query(format!("DELETE FROM document_versions WHERE document_id = {id} AND number < ({oldest})"))
        .execute(connection)
        .map(drop)
}
