//! Exporting a database: people, rooms, documents, messages and files, always in the same order.

use std::io;

use diesel::prelude::*;
use thiserror::Error;

use crate::domain::{Document, Membership, Message, Refusal, Room, RoomId, User, UserRef, Username};
use crate::store::StoreError;
use crate::store::documents::rows::{DocumentRow, with_people};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{documents, memberships, messages, rooms, users};
use crate::store::files::export::{ExportedFile, exported_files};
use crate::store::messages::load::{MessageRow, load_messages};
use crate::store::people::rows::{AuthorRow, UserRow};
use crate::store::rooms::rows::{MembershipRow, RoomRow};

use super::inspect::Snapshot;
use super::selection::Selection;

/// What is exported.
#[derive(Debug, Clone)]
pub enum ExportScope {
    /// Everything.
    All,
    /// A room: its members, its messages, their files.
    Room(RoomId),
    /// A person: where they belong, what they wrote, what they uploaded.
    User(Username),
}

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportItem {
    /// A person. Never a password's hash.
    User(User),
    /// A room.
    Room(Room),
    /// A membership.
    Membership {
        /// The room.
        room_id: RoomId,
        /// The person.
        person: UserRef,
        /// Since when, and how far the person has read.
        membership: Membership,
    },
    /// A shared document.
    Document {
        /// The document.
        document: Document,
        /// Its text.
        text: String,
    },
    /// A message, with its files.
    Message(Message),
    /// A file.
    File(ExportedFile),
}

/// Why an export ended early.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The database cannot be read, or has no such room or person.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The items cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl From<diesel::result::Error> for ExportError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The function that takes the items.
type Sink<'a> = dyn FnMut(ExportItem) -> io::Result<()> + 'a;

/// Documents in memory at once: they can be long.
const DOCUMENTS_PAGE: i64 = 10;

/// Messages or files in memory at once.
const PAGE: i64 = 1_000;

impl Snapshot {
    /// Gives `sink` the items: people by id, then each room with its members, then documents, messages and files, each
    /// by id.
    ///
    /// # Errors
    /// [`ExportError`]; the items given by then are not a whole export.
    pub fn export(&mut self, scope: &ExportScope, sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let connection = &mut self.connection;
        match scope {
            ExportScope::All => {
                export_users(connection, sink)?;
                let all: Vec<i64> = rooms::table
                    .filter(rooms::deleted_at.is_null())
                    .order(rooms::id)
                    .select(rooms::id)
                    .load(connection)?;
                all.into_iter().try_for_each(|id| export_room(connection, RoomId(id), sink))?;
                export_documents(connection, Selection::All, sink)?;
                export_messages(connection, Selection::All, sink)?;
                export_files(connection, Selection::All, sink)
            }
            ExportScope::Room(id) => {
                export_room(connection, *id, sink)?;
                export_documents(connection, Selection::Room(*id), sink)?;
                export_messages(connection, Selection::Room(*id), sink)?;
                export_files(connection, Selection::Room(*id), sink)
            }
            ExportScope::User(username) => {
                let row: Option<UserRow> = users::table
                    .filter(users::username.eq(username.as_str()))
                    .select(UserRow::as_select())
                    .first(connection)
                    .optional()?;
                let user = User::try_from(row.ok_or(StoreError::Refused(Refusal::UserNotFound))?)?;
                sink(ExportItem::User(user.clone()))?;
                export_places_of(connection, &user, sink)?;
                export_documents(connection, Selection::UserRef(user.id), sink)?;
                export_messages(connection, Selection::UserRef(user.id), sink)?;
                export_files(connection, Selection::UserRef(user.id), sink)
            }
        }
    }
}

fn export_users(connection: &mut DbConnection, sink: &mut Sink<'_>) -> Result<(), ExportError> {
    let rows: Vec<UserRow> = users::table.order(users::id).select(UserRow::as_select()).load(connection)?;
    for row in rows {
        sink(ExportItem::User(row.try_into()?))?;
    }
    Ok(())
}

fn export_room(connection: &mut DbConnection, id: RoomId, sink: &mut Sink<'_>) -> Result<(), ExportError> {
    let found = rooms::table.find(id.0).filter(rooms::deleted_at.is_null());
    let row: Option<RoomRow> = found.select(RoomRow::as_select()).first(connection).optional()?;
    sink(ExportItem::Room(row.ok_or(StoreError::Refused(Refusal::RoomNotFound))?.try_into()?))?;
    let rows: Vec<(MembershipRow, AuthorRow)> = memberships::table
        .inner_join(users::table)
        .filter(memberships::room_id.eq(id.0))
        .order(memberships::user_id)
        .select((MembershipRow::as_select(), AuthorRow::as_select()))
        .load(connection)?;
    for (membership, person) in rows {
        sink(ExportItem::Membership { room_id: id, person: person.into(), membership: membership.into() })?;
    }
    Ok(())
}

fn export_places_of(connection: &mut DbConnection, user: &User, sink: &mut Sink<'_>) -> Result<(), ExportError> {
    let rows: Vec<(i64, MembershipRow)> = memberships::table
        .filter(memberships::user_id.eq(user.id.0))
        .order(memberships::room_id)
        .select((memberships::room_id, MembershipRow::as_select()))
        .load(connection)?;
    for (room, membership) in rows {
        let (room_id, membership) = (RoomId(room), membership.into());
        sink(ExportItem::Membership { room_id, person: UserRef::from(user), membership })?;
    }
    Ok(())
}

fn export_documents(
    connection: &mut DbConnection,
    selection: Selection,
    sink: &mut Sink<'_>,
) -> Result<(), ExportError> {
    let mut after = 0;
    loop {
        let mut page = documents::table
            .filter(documents::id.gt(after).and(documents::deleted_at.is_null()))
            .filter(documents::room_id.eq_any(rooms::table.filter(rooms::deleted_at.is_null()).select(rooms::id)))
            .order(documents::id)
            .limit(DOCUMENTS_PAGE)
            .select((DocumentRow::as_select(), documents::text))
            .into_boxed();
        page = match selection {
            Selection::All => page,
            Selection::Room(room) => page.filter(documents::room_id.eq(room.0)),
            Selection::UserRef(author) => page.filter(documents::created_by.eq(author.0)),
        };
        let (rows, texts): (Vec<DocumentRow>, Vec<String>) =
            page.load::<(DocumentRow, String)>(connection)?.into_iter().unzip();
        let found = with_people(connection, rows)?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.id.0;
        let mut items = found.into_iter().zip(texts);
        items.try_for_each(|(document, text)| sink(ExportItem::Document { document, text }))?;
    }
}

fn export_messages(
    connection: &mut DbConnection,
    selection: Selection,
    sink: &mut Sink<'_>,
) -> Result<(), ExportError> {
    let mut after = 0;
    loop {
        let mut page = messages::table
            .inner_join(users::table)
            .filter(messages::id.gt(after))
            .filter(messages::room_id.eq_any(rooms::table.filter(rooms::deleted_at.is_null()).select(rooms::id)))
            .order(messages::id)
            .limit(PAGE)
            .select((MessageRow::as_select(), AuthorRow::as_select()))
            .into_boxed();
        page = match selection {
            Selection::All => page,
            Selection::Room(room) => page.filter(messages::room_id.eq(room.0)),
            Selection::UserRef(author) => page.filter(messages::author_id.eq(author.0)),
        };
        let page = load_messages(connection, page)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id.0;
        page.into_iter().try_for_each(|message| sink(ExportItem::Message(message)))?;
    }
}

fn export_files(connection: &mut DbConnection, selection: Selection, sink: &mut Sink<'_>) -> Result<(), ExportError> {
    let mut after = 0;
    loop {
        let page = exported_files(connection, selection, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.file.id.0;
        page.into_iter().try_for_each(|file| sink(ExportItem::File(file)))?;
    }
}
