//! Listing, creating, renaming, archiving and deleting documents.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::domain::{
    Document, DocumentContent, DocumentId, DocumentTitle, EventKind, Refusal, Role, RoomEvent, RoomId, Subject,
    Timestamp, UserId, UserRef, word_list,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{document_versions, documents, memberships, rooms};
use crate::store::log::append::{append, next_seq};
use crate::store::people::rows::require_user;
use crate::store::rooms::access::{lock_room, require_membership, require_writing, visible_room};
use crate::store::rooms::members::member_ids;
use crate::store::{StorageRations, Store, StoreError};

use super::rows::{DocumentRow, document_for_member, document_for_writer, existing_document, room_of, with_people};

/// Changes of a document; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct DocumentChange {
    /// The new title.
    pub title: Option<DocumentTitle>,
    /// Whether it is archived: read-only.
    pub is_archived: Option<bool>,
}

/// A document after a change of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedDocument {
    /// The document.
    pub document: Document,
    /// The event to be dispatched; `None` when nothing was changed.
    pub event: Option<RoomEvent>,
    /// The people whose sockets are to be unsubscribed from the document's channel: all members when it was archived or
    /// deleted.
    pub users_to_unsubscribe: Vec<UserId>,
}

impl Store {
    /// The documents of a room, archived ones too, last updated first.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn documents(&self, viewer: UserId, room: RoomId) -> Result<Vec<Document>, StoreError> {
        self.read_snapshot(move |connection| {
            require_membership(connection, viewer, room)?;
            let rows: Vec<DocumentRow> = documents::table
                .filter(documents::room_id.eq(room.0).and(documents::deleted_at.is_null()))
                .order((documents::updated_at.desc(), documents::id.desc()))
                .select(DocumentRow::as_select())
                .load(connection)?;
            with_people(connection, rows)
        })
        .await
    }

    /// One document.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`].
    pub async fn document(&self, viewer: UserId, id: DocumentId) -> Result<Document, StoreError> {
        self.read_snapshot(move |connection| document_for_member(connection, viewer, id)).await
    }

    /// Whether a person may write a document; `false` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn may_write_document(&self, user: UserId, id: DocumentId) -> Result<bool, StoreError> {
        self.read(move |connection| {
            let place = memberships::room_id.eq(documents::room_id).and(memberships::user_id.eq(user.0));
            let writable = documents::table
                .inner_join(memberships::table.on(place))
                .inner_join(rooms::table)
                .filter(
                    documents::id.eq(id.0).and(documents::archived_at.is_null()).and(documents::deleted_at.is_null()),
                )
                .filter(rooms::archived_at.is_null())
                .select(documents::id);
            Ok(writable.first::<i64>(connection).optional()?.is_some())
        })
        .await
    }

    /// Those of the documents that this person may write.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn writable_documents(
        &self,
        user: UserId,
        of: Vec<DocumentId>,
    ) -> Result<HashSet<DocumentId>, StoreError> {
        self.read(move |connection| {
            let mut writable = HashSet::new();
            // In parts, for a statement has a limited number of parameters.
            for part in of.chunks(1_000) {
                let place = memberships::room_id.eq(documents::room_id).and(memberships::user_id.eq(user.0));
                let found: Vec<i64> = documents::table
                    .inner_join(memberships::table.on(place))
                    .inner_join(rooms::table)
                    .filter(rooms::archived_at.is_null())
                    .filter(documents::id.eq_any(part.iter().map(|id| id.0)).and(documents::archived_at.is_null()))
                    .filter(documents::deleted_at.is_null())
                    .select(documents::id)
                    .load(connection)?;
                writable.extend(found.into_iter().map(DocumentId));
            }
            Ok(writable)
        })
        .await
    }

    /// Creates a document; any member of the room may.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::RoomArchived`], [`Refusal::RoomDocumentsUsedUp`].
    pub async fn create_document(
        &self,
        by: UserId,
        room: RoomId,
        title: DocumentTitle,
    ) -> Result<(Document, RoomEvent), StoreError> {
        let rations = self.rations;
        self.write_for(by, move |connection| create(connection, by, room, &title, rations)).await
    }

    /// Renames, archives or unarchives a document; any member of its room may.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`], [`Refusal::RoomArchived`], [`Refusal::DocumentArchived`] when
    /// it is renamed while it stays archived.
    pub async fn change_document(
        &self,
        by: UserId,
        id: DocumentId,
        change: DocumentChange,
    ) -> Result<ChangedDocument, StoreError> {
        self.write_for(by, move |connection| change_document(connection, by, id, &change)).await
    }

    /// Deletes a document with its versions: only the row stays, without title and text, for the log speaks of it.
    ///
    /// # Errors
    /// [`Refusal::DocumentNotFound`], [`Refusal::NotAMember`], [`Refusal::NotAllowed`] unless `by` made it or is an
    /// administrator.
    pub async fn delete_document(&self, by: UserId, id: DocumentId) -> Result<ChangedDocument, StoreError> {
        self.write_for(by, move |connection| delete_document(connection, by, id)).await
    }
}

fn create(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    title: &DocumentTitle,
    rations: StorageRations,
) -> Result<(Document, RoomEvent), StoreError> {
    lock_room(connection, room)?;
    require_writing(connection, by, room)?;
    rations.require_document(connection, room)?;
    let maker = UserRef::from(&require_user(connection, by)?);
    let (now, content) = (Timestamp::now(), DocumentContent::empty());
    let bytes = i64::try_from(content.state.len()).unwrap_or(i64::MAX);
    let id: i64 = diesel::insert_into(documents::table)
        .values((
            documents::room_id.eq(room.0),
            documents::title.eq(title.as_str()),
            documents::title_words.eq(word_list(title.as_str())),
            documents::created_at.eq(now.0),
            documents::created_by.eq(by.0),
            documents::updated_at.eq(now.0),
            documents::updated_by.eq(by.0),
            documents::revision.eq(0),
            documents::bytes.eq(bytes),
            documents::state.eq(&content.state),
            documents::state_vector.eq(&content.state_vector),
            documents::text.eq(&content.text),
            documents::words.eq(&content.words),
        ))
        .returning(documents::id)
        .get_result(connection)?;
    let document = Document {
        id: DocumentId(id),
        room_id: room,
        title: title.as_str().to_owned(),
        created_at: now,
        created_by: maker.clone(),
        updated_at: now,
        updated_by: maker.clone(),
        revision: 0,
        bytes,
        archived_at: None,
    };
    let event = record(connection, &document, maker, EventKind::DocumentCreated)?;
    Ok((document, event))
}

fn change_document(
    connection: &mut DbConnection,
    by: UserId,
    id: DocumentId,
    change: &DocumentChange,
) -> Result<ChangedDocument, StoreError> {
    let room = room_of(connection, id)?;
    lock_room(connection, room)?;
    let old = document_for_writer(connection, by, id)?;
    let mut document = old.clone();
    if let Some(title) = &change.title {
        document.title = title.as_str().to_owned();
    }
    match change.is_archived {
        Some(true) if old.archived_at.is_none() => document.archived_at = Some(Timestamp::now()),
        Some(false) => document.archived_at = None,
        Some(true) | None => {}
    }
    if document == old {
        return Ok(ChangedDocument { document, event: None, users_to_unsubscribe: Vec::new() });
    }
    if old.archived_at.is_some() && document.archived_at.is_some() {
        return Err(StoreError::Refused(Refusal::DocumentArchived));
    }
    diesel::update(documents::table.find(id.0))
        .set((
            documents::title.eq(&document.title),
            documents::title_words.eq(word_list(&document.title)),
            documents::archived_at.eq(document.archived_at.map(|time| time.0)),
        ))
        .execute(connection)?;
    let users_to_unsubscribe = match document.archived_at {
        Some(_) => member_ids(connection, room)?,
        None => Vec::new(),
    };
    let person = UserRef::from(&require_user(connection, by)?);
    let event = record(connection, &document, person, EventKind::DocumentChanged)?;
    Ok(ChangedDocument { document, event: Some(event), users_to_unsubscribe })
}

fn delete_document(connection: &mut DbConnection, by: UserId, id: DocumentId) -> Result<ChangedDocument, StoreError> {
    let room = room_of(connection, id)?;
    lock_room(connection, room)?;
    let view = visible_room(connection, by, room).map_err(|error| match error {
        StoreError::Refused(Refusal::RoomNotFound) => StoreError::Refused(Refusal::DocumentNotFound),
        error => error,
    })?;
    let person = require_user(connection, by)?;
    let is_administrator = person.role == Role::Administrator;
    if view.membership.is_none() && !is_administrator {
        return Err(StoreError::Refused(Refusal::NotAMember));
    }
    let mut document = existing_document(connection, id)?;
    if document.created_by.id != by && !is_administrator {
        return Err(StoreError::Refused(Refusal::NotAllowed));
    }
    let content = DocumentContent::empty();
    document.title.clear();
    document.bytes = i64::try_from(content.state.len()).unwrap_or(i64::MAX);
    diesel::delete(document_versions::table.filter(document_versions::document_id.eq(id.0))).execute(connection)?;
    diesel::update(documents::table.find(id.0))
        .set((
            documents::title.eq(&document.title),
            documents::title_words.eq(word_list(&document.title)),
            documents::bytes.eq(document.bytes),
            documents::state.eq(&content.state),
            documents::state_vector.eq(&content.state_vector),
            documents::text.eq(&content.text),
            documents::words.eq(&content.words),
            documents::deleted_at.eq(Timestamp::now().0),
        ))
        .execute(connection)?;
    let event = record(connection, &document, UserRef::from(&person), EventKind::DocumentDeleted)?;
    Ok(ChangedDocument { document, event: Some(event), users_to_unsubscribe: member_ids(connection, room)? })
}

/// Writes an event about a document, whose room must be locked.
fn record(
    connection: &mut DbConnection,
    document: &Document,
    actor: UserRef,
    kind: EventKind,
) -> Result<RoomEvent, StoreError> {
    let (room_id, seq) = (document.room_id, next_seq(connection, document.room_id)?);
    let event = RoomEvent {
        room_id,
        seq,
        created_at: Timestamp::now(),
        actor,
        kind,
        subject: Subject::Document(Box::new(document.clone())),
    };
    append(connection, &event)?;
    Ok(event)
}
