//! Messages: posting, editing, taking back (step 2 of the walk, "store").

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::{
    Author, Message, MessageBody, MessageDraft, MessageId, Role, RoomEvent, RoomEventKind, RoomId, RoomKind, Timestamp,
    UserId,
};

use super::access::{enter_room, lock_room, see_room};
use super::connection::DbConnection;
use super::log;
use super::rows::{AuthorRow, MessageRow};
use super::schema::{messages, users};
use super::statement::statement;
use super::users::actor;
use super::{Store, StoreError};

/// What became of a post.
#[derive(Debug, Clone, PartialEq)]
pub enum Posted {
    /// It was stored: a `message.posted`, to be dispatched.
    New(RoomEvent),
    /// It had been stored by an earlier post with the same client id; there is nothing to dispatch.
    Replayed(Message),
}

impl Store {
    /// Stores a message. Its author has read it when they had read everything before it.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::ClientIdReused`] when the client id stands
    /// for another text or a message of another room, [`StoreError::Busy`].
    pub async fn post_message(&self, author: UserId, room: RoomId, draft: MessageDraft) -> Result<Posted, StoreError> {
        self.write(move |connection| post(connection, author, room, &draft)).await
    }

    /// Replaces a message's text.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::MessageNotFound`] also when it was taken
    /// back, [`StoreError::NotAllowed`] unless `actor` wrote it.
    pub async fn edit_message(
        &self,
        actor: UserId,
        room: RoomId,
        id: MessageId,
        body: MessageBody,
    ) -> Result<RoomEvent, StoreError> {
        self.write(move |connection| edit(connection, actor, room, id, &body)).await
    }

    /// Takes a message back: its text is gone, its place stays. No event when it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::MessageNotFound`],
    /// [`StoreError::NotAllowed`] unless `actor` wrote it or is an administrator.
    pub async fn delete_message(
        &self,
        actor: UserId,
        room: RoomId,
        id: MessageId,
    ) -> Result<(Message, Option<RoomEvent>), StoreError> {
        self.write(move |connection| delete(connection, actor, room, id)).await
    }

    /// One message.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`], [`StoreError::MessageNotFound`].
    pub async fn message(&self, viewer: UserId, room: RoomId, id: MessageId) -> Result<Message, StoreError> {
        self.read_snapshot(move |connection| {
            enter_room(connection, viewer, room)?;
            find_message(connection, room, id)
        })
        .await
    }
}

fn post(
    connection: &mut DbConnection,
    author: UserId,
    room: RoomId,
    draft: &MessageDraft,
) -> Result<Posted, StoreError> {
    lock_room(connection, room)?;
    let client_id = draft.client_id.as_ref().map(|id| id.as_str());
    let sender = FindSender { room_id: room.0, client_id, author_id: author.0 };
    let sender = sender.get_result::<SenderRow>(connection).optional()?.ok_or(StoreError::UserNotFound)?;
    let read_number = sender.read_number()?;
    if let Some(earlier) = sender.earlier_id {
        return replay(connection, MessageId(earlier), room, draft);
    }
    let created_at = Timestamp::now();
    let (seq, number) = log::next_seq_and_number(connection, room)?;
    let insert = InsertMessage {
        room_id: room.0,
        seq: seq.0,
        number,
        author_id: author.0,
        body: draft.body.text(),
        html: draft.body.html(),
        client_id,
        created_at: created_at.0,
    };
    let id = MessageId(insert.get_result(connection)?);
    if read_number == number - 1 {
        MoveReadNumber { number, room_id: room.0, user_id: author.0 }.execute(connection)?;
    }
    let actor = Author { id: author, username: sender.username, name: sender.name };
    let message = Message {
        id,
        room_id: room,
        seq,
        number,
        author: actor.clone(),
        body: draft.body.text().to_owned(),
        html: draft.body.html().to_owned(),
        client_id: client_id.map(str::to_owned),
        created_at,
        edited_at: None,
        deleted_at: None,
    };
    let kind = RoomEventKind::MessagePosted(Box::new(message));
    let event = RoomEvent { room_id: room, seq, created_at, actor, kind };
    log::append(connection, &event)?;
    Ok(Posted::New(event))
}

statement! {
    /// Everything that decides whether a post is accepted.
    FindSender<'a> {
        room_id: i64 => BigInt,
        client_id: Option<&'a str> => Nullable<Text>,
        author_id: i64 => BigInt,
    } -> (Text, Text, Nullable<Text>, Nullable<BigInt>, Nullable<BigInt>):
    "SELECT users.username, users.name, rooms.kind, memberships.read_number, \
     (SELECT id FROM messages WHERE messages.author_id = users.id AND messages.client_id = ", client_id, ") \
     FROM users LEFT JOIN rooms ON rooms.id = ", room_id,
    " LEFT JOIN memberships ON memberships.room_id = rooms.id AND memberships.user_id = users.id \
     WHERE users.id = ", author_id
}

#[derive(Queryable)]
struct SenderRow {
    username: String,
    name: String,
    /// `None`: there is no such room.
    room_kind: Option<String>,
    /// `None`: not a member.
    read_number: Option<i64>,
    /// The message that already has the post's client id.
    earlier_id: Option<i64>,
}

impl SenderRow {
    /// How far the author has read, which only a member has.
    fn read_number(&self) -> Result<i64, StoreError> {
        let kind = self.room_kind.as_deref().ok_or(StoreError::RoomNotFound)?;
        let refusal = if kind == RoomKind::Open.name() { StoreError::NotAMember } else { StoreError::RoomNotFound };
        self.read_number.ok_or(refusal)
    }
}

statement! {
    /// A new message.
    InsertMessage<'a> {
        room_id: i64 => BigInt,
        seq: i64 => BigInt,
        number: i64 => BigInt,
        author_id: i64 => BigInt,
        body: &'a str => Text,
        html: &'a str => Text,
        client_id: Option<&'a str> => Nullable<Text>,
        created_at: i64 => BigInt,
    } -> BigInt:
    "INSERT INTO messages (room_id, seq, number, author_id, body, html, client_id, created_at) VALUES (",
    room_id, ", ", seq, ", ", number, ", ", author_id, ", ", body, ", ", html, ", ", client_id, ", ", created_at,
    ") RETURNING id"
}

statement! {
    /// An author has read what they wrote.
    MoveReadNumber { number: i64 => BigInt, room_id: i64 => BigInt, user_id: i64 => BigInt } -> ():
    "UPDATE memberships SET read_number = ", number, " WHERE room_id = ", room_id, " AND user_id = ", user_id
}

/// The answer to a repeated post. Once the message was edited or taken back, what was first posted is not known any
/// more, and the repeat is taken for one.
fn replay(
    connection: &mut DbConnection,
    earlier: MessageId,
    room: RoomId,
    draft: &MessageDraft,
) -> Result<Posted, StoreError> {
    let message = load_message(connection, earlier)?.ok_or(StoreError::MessageNotFound)?;
    let is_as_posted = message.edited_at.is_none() && message.deleted_at.is_none();
    if message.room_id != room || (is_as_posted && message.body != draft.body.text()) {
        return Err(StoreError::ClientIdReused);
    }
    Ok(Posted::Replayed(message))
}

fn edit(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    id: MessageId,
    body: &MessageBody,
) -> Result<RoomEvent, StoreError> {
    lock_room(connection, room)?;
    enter_room(connection, by, room)?;
    let mut message = find_message(connection, room, id)?;
    if message.deleted_at.is_some() {
        return Err(StoreError::MessageNotFound);
    }
    if message.author.id != by {
        return Err(StoreError::NotAllowed);
    }
    let now = Timestamp::now();
    message.body = body.text().to_owned();
    message.html = body.html().to_owned();
    message.edited_at = Some(now);
    let editor = message.author.clone();
    replace_text(connection, message, editor, now, RoomEventKind::MessageEdited)
}

fn delete(
    connection: &mut DbConnection,
    by: UserId,
    room: RoomId,
    id: MessageId,
) -> Result<(Message, Option<RoomEvent>), StoreError> {
    lock_room(connection, room)?;
    let view = see_room(connection, by, room)?;
    let person = actor(connection, by)?;
    if view.membership.is_none() && person.role != Role::Administrator {
        return Err(StoreError::NotAMember);
    }
    let mut message = find_message(connection, room, id)?;
    if message.author.id != by && person.role != Role::Administrator {
        return Err(StoreError::NotAllowed);
    }
    if message.deleted_at.is_some() {
        return Ok((message, None));
    }
    let now = Timestamp::now();
    message.body.clear();
    message.html.clear();
    message.deleted_at = Some(now);
    let event = replace_text(connection, message.clone(), Author::from(&person), now, RoomEventKind::MessageDeleted)?;
    Ok((message, Some(event)))
}

/// Stores a message's new text and the event that says so.
fn replace_text(
    connection: &mut DbConnection,
    message: Message,
    actor: Author,
    at: Timestamp,
    kind: fn(Box<Message>) -> RoomEventKind,
) -> Result<RoomEvent, StoreError> {
    diesel::update(messages::table.find(message.id.0))
        .set((
            messages::body.eq(&message.body),
            messages::html.eq(&message.html),
            messages::edited_at.eq(message.edited_at.map(|time| time.0)),
            messages::deleted_at.eq(message.deleted_at.map(|time| time.0)),
        ))
        .execute(connection)?;
    let room_id = message.room_id;
    let seq = log::next_seq(connection, room_id)?;
    let event = RoomEvent { room_id, seq, created_at: at, actor, kind: kind(Box::new(message)) };
    log::append(connection, &event)?;
    Ok(event)
}

/// A message of that room.
fn find_message(connection: &mut DbConnection, room: RoomId, id: MessageId) -> Result<Message, StoreError> {
    let message = load_message(connection, id)?;
    message.filter(|message| message.room_id == room).ok_or(StoreError::MessageNotFound)
}

fn load_message(connection: &mut DbConnection, id: MessageId) -> QueryResult<Option<Message>> {
    let message = messages::table
        .inner_join(users::table)
        .filter(messages::id.eq(id.0))
        .select((MessageRow::as_select(), AuthorRow::as_select()))
        .first::<(MessageRow, AuthorRow)>(connection)
        .optional()?;
    Ok(message.map(|(message, author)| message.by(author.into())))
}
