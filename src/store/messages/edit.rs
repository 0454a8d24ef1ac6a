//! Reading, editing and deleting a message.

use diesel::prelude::*;

use crate::domain::{
    EventKind, Message, MessageBody, MessageId, Refusal, Role, RoomEvent, RoomId, Subject, Timestamp, UserId, UserRef,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::messages;
use crate::store::files::rows::remove_of_message;
use crate::store::log::append::{append, next_seq};
use crate::store::people::rows::require_user;
use crate::store::rooms::access::{lock_room, require_membership, require_writing, visible_room};
use crate::store::rooms::unread::uncount_deleted;
use crate::store::search::entry::{SearchEntry, indexed_words};
use crate::store::search::{index, vocabulary};
use crate::store::{Store, StoreError};

use super::load::find_message;
use super::reaction_rows::remove_reactions;

impl Store {
    /// Replaces a message's text.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::RoomArchived`], [`Refusal::MessageNotFound`] also
    /// when it was deleted, [`Refusal::NotAllowed`] unless `actor` wrote it.
    pub async fn edit_message(
        &self,
        actor: UserId,
        room: RoomId,
        id: MessageId,
        body: MessageBody,
    ) -> Result<(Message, RoomEvent), StoreError> {
        let entry = self.known_words.entry(room, &body);
        self.write_for(actor, move |connection| edit(connection, actor, room, id, &body, &entry)).await
    }

    /// Deletes a message: text, files and reactions are removed, its number and `seq` stay. No event when it was deleted before.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::MessageNotFound`],
    /// [`Refusal::NotAllowed`] unless `actor` wrote it or is an administrator.
    pub async fn delete_message(
        &self,
        actor: UserId,
        room: RoomId,
        id: MessageId,
    ) -> Result<(Message, Option<RoomEvent>), StoreError> {
        self.write_for(actor, move |connection| delete(connection, actor, room, id)).await
    }

    /// One message.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], [`Refusal::MessageNotFound`].
    pub async fn message(&self, viewer: UserId, room: RoomId, id: MessageId) -> Result<Message, StoreError> {
        self.read_snapshot(move |connection| {
            require_membership(connection, viewer, room)?;
            find_message(connection, room, id)
        })
        .await
    }
}

fn edit(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    id: MessageId,
    body: &MessageBody,
    entry: &SearchEntry,
) -> Result<(Message, RoomEvent), StoreError> {
    lock_room(connection, room)?;
    require_writing(connection, by, room)?;
    let mut message = find_message(connection, room, id)?;
    if message.deleted_at.is_some() {
        return Err(StoreError::Refused(Refusal::MessageNotFound));
    }
    if message.author.id != by {
        return Err(StoreError::Refused(Refusal::NotAllowed));
    }
    let now = Timestamp::now();
    let old_words = words_of(&message);
    message.body = body.text().to_owned();
    message.html = body.html().to_owned();
    message.edited_at = Some(now);
    let editor = message.author.clone();
    index::remove(connection, id)?;
    index::add(connection, id, room, by, &entry.clone().with_files(&message.files))?;
    vocabulary::forget(connection, room, &old_words)?;
    let event = replace_text(connection, &mut message, editor, now, EventKind::MessageEdited)?;
    Ok((message, event))
}

fn delete(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    id: MessageId,
) -> Result<(Message, Option<RoomEvent>), StoreError> {
    lock_room(connection, room)?;
    let view = visible_room(connection, by, room)?;
    let person = require_user(connection, by)?;
    if view.membership.is_none() && person.role != Role::Administrator {
        return Err(StoreError::Refused(Refusal::NotAMember));
    }
    let mut message = find_message(connection, room, id)?;
    if message.author.id != by && person.role != Role::Administrator {
        return Err(StoreError::Refused(Refusal::NotAllowed));
    }
    if message.deleted_at.is_some() {
        return Ok((message, None));
    }
    let now = Timestamp::now();
    let old_words = words_of(&message);
    message.body.clear();
    message.html.clear();
    message.deleted_at = Some(now);
    message.files.clear();
    message.reactions.clear();
    uncount_deleted(connection, &message)?;
    index::remove(connection, id)?;
    vocabulary::forget(connection, room, &old_words)?;
    remove_of_message(connection, id)?;
    remove_reactions(connection, id)?;
    let event = replace_text(connection, &mut message, UserRef::from(&person), now, EventKind::MessageDeleted)?;
    Ok((message, Some(event)))
}

/// Stores a message's new text and the event that says so.
fn replace_text(
    connection: &mut DbConnection,
    message: &mut Message,
    actor: UserRef,
    at: Timestamp,
    kind: EventKind,
) -> Result<RoomEvent, StoreError> {
    let room_id = message.room_id;
    let seq = next_seq(connection, room_id)?;
    message.changed_seq = seq;
    diesel::update(messages::table.find(message.id.0))
        .set((
            messages::body.eq(&message.body),
            messages::html.eq(&message.html),
            messages::edited_at.eq(message.edited_at.map(|time| time.0)),
            messages::deleted_at.eq(message.deleted_at.map(|time| time.0)),
            messages::changed_seq.eq(seq.0),
        ))
        .execute(connection)?;
    let subject = Subject::Message(Box::new(message.clone()));
    let event = RoomEvent { room_id, seq, created_at: at, actor, kind, subject };
    append(connection, &event)?;
    Ok(event)
}

fn words_of(message: &Message) -> Vec<String> {
    indexed_words(&message.body, message.files.iter().map(|file| file.name.as_str()))
}
