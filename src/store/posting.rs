//! Posting a message: the hot path (step 2 of the walk, "store").

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::domain::{
    Author, Message, MessageDraft, MessageId, RoomEvent, RoomEventKind, RoomId, RoomKind, Seq, Timestamp, UserId,
};

use super::access::lock_room;
use super::connection::DbConnection;
use super::files::{attach, check_attachable};
use super::log;
use super::messages::load_message;
use super::schema::messages;
use super::search::{self, SearchEntry};
use super::statement::{execute, fetch, statement};
use super::{Posted, StoreError};

/// Stores a message, or recognises it as one that was stored.
pub(super) fn post(
    connection: &mut DbConnection,
    author: UserId,
    room: RoomId,
    draft: &MessageDraft,
    entry: &SearchEntry,
) -> Result<Posted, StoreError> {
    lock_room(connection, room)?;
    let find = FindSender { room_id: room.0, client_id: client_id_of(draft), author_id: author.0 };
    let sender: SenderRow = fetch(connection, find).optional()?.ok_or(StoreError::UserNotFound)?;
    let place = sender.place()?;
    if let Some(earlier) = sender.earlier_id {
        return replay(connection, MessageId(earlier), room, draft);
    }
    let files = check_attachable(connection, author, room, &draft.file_ids)?;
    let author = Author { id: author, username: sender.username, name: sender.name };
    let message = Message { files, ..insert(connection, author, room, &place, draft)? };
    attach(connection, &message)?;
    search::index(connection, message.id, room, message.author.id, entry)?;
    let event = RoomEvent {
        room_id: room,
        seq: message.seq,
        created_at: message.created_at,
        actor: message.author.clone(),
        kind: RoomEventKind::MessagePosted(Box::new(message)),
    };
    match sender.has_listeners {
        true => log::append(connection, &event)?,
        false => log::write(connection, &event)?,
    }
    Ok(Posted::New(event))
}

fn client_id_of(draft: &MessageDraft) -> Option<&str> {
    draft.client_id.as_ref().map(|id| id.as_str())
}

statement! {
    /// Everything that decides whether a post is accepted, and where it goes.
    FindSender<'a> {
        room_id: i64 => BigInt,
        client_id: Option<&'a str> => Nullable<Text>,
        author_id: i64 => BigInt,
    } -> SenderColumns:
    "SELECT users.username, users.name, rooms.kind, rooms.last_seq, rooms.message_count, memberships.read_number, \
     (SELECT id FROM messages WHERE messages.author_id = users.id AND messages.client_id = ", client_id, "), \
     EXISTS (SELECT 1 FROM webhook_event_types WHERE event_type = 'message.posted') \
     FROM users LEFT JOIN rooms ON rooms.id = ", room_id,
    " LEFT JOIN memberships ON memberships.room_id = rooms.id AND memberships.user_id = users.id \
     WHERE users.id = ", author_id
}

type SenderColumns =
    (Text, Text, Nullable<Text>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Bool);

#[derive(Queryable)]
struct SenderRow {
    username: String,
    name: String,
    /// `None`, like the two that follow: there is no such room.
    room_kind: Option<String>,
    last_seq: Option<i64>,
    message_count: Option<i64>,
    /// `None`: not a member.
    read_number: Option<i64>,
    /// The message that already has the post's client id.
    earlier_id: Option<i64>,
    /// Whether some webhook wants to hear of posts: most instances have none, and are spared the search for it.
    has_listeners: bool,
}

/// Where a new message goes.
struct MessagePlace {
    seq: Seq,
    number: i64,
    /// Whether its author has read everything before it.
    is_next_to_read: bool,
}

impl SenderRow {
    /// The room's next place, for a member of the room.
    fn place(&self) -> Result<MessagePlace, StoreError> {
        let (Some(kind), Some(last_seq), Some(message_count)) =
            (self.room_kind.as_deref(), self.last_seq, self.message_count)
        else {
            return Err(StoreError::RoomNotFound);
        };
        match self.read_number {
            Some(read_number) => Ok(MessagePlace {
                seq: Seq(last_seq + 1),
                number: message_count + 1,
                is_next_to_read: read_number == message_count,
            }),
            None if kind == RoomKind::Open.name() => Err(StoreError::NotAMember),
            None => Err(StoreError::RoomNotFound),
        }
    }
}

fn insert(
    connection: &mut DbConnection,
    author: Author,
    room: RoomId,
    place: &MessagePlace,
    draft: &MessageDraft,
) -> QueryResult<Message> {
    let MessagePlace { seq, number, is_next_to_read } = *place;
    let created_at = Timestamp::now();
    execute(connection, &MoveCounters { seq: seq.0, number, room_id: room.0 })?;
    let row = diesel::insert_into(messages::table).values((
        messages::room_id.eq(room.0),
        messages::seq.eq(seq.0),
        messages::number.eq(number),
        messages::author_id.eq(author.id.0),
        messages::body.eq(draft.body.text()),
        messages::html.eq(draft.body.html()),
        messages::client_id.eq(client_id_of(draft)),
        messages::created_at.eq(created_at.0),
    ));
    let id = match connection {
        // SQLite makes a table for what RETURNING returns, which costs as much as the insertion.
        DbConnection::Sqlite(sqlite) => {
            row.execute(sqlite)?;
            LastInsertId {}.get_result(sqlite)?
        }
        DbConnection::Postgres(postgres) => row.returning(messages::id).get_result(postgres)?,
    };
    if is_next_to_read {
        execute(connection, &MoveReadNumber { number, room_id: room.0, user_id: author.id.0 })?;
    }
    Ok(Message {
        id: MessageId(id),
        room_id: room,
        seq,
        number,
        author,
        body: draft.body.text().to_owned(),
        html: draft.body.html().to_owned(),
        client_id: client_id_of(draft).map(str::to_owned),
        created_at,
        edited_at: None,
        deleted_at: None,
        files: Vec::new(),
    })
}

statement! {
    /// A room's counters after a post: the log's head, and the messages ever posted.
    MoveCounters { seq: i64 => BigInt, number: i64 => BigInt, room_id: i64 => BigInt } -> ():
    "UPDATE rooms SET last_seq = ", seq, ", message_count = ", number, " WHERE id = ", room_id
}

statement! {
    /// The id that SQLite gave to the row just inserted.
    LastInsertId {} -> BigInt:
    "SELECT last_insert_rowid()"
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
    if message.room_id != room || (is_as_posted && !is_same(&message, draft)) {
        return Err(StoreError::ClientIdReused);
    }
    Ok(Posted::Replayed(message))
}

fn is_same(message: &Message, draft: &MessageDraft) -> bool {
    message.body == draft.body.text() && message.files.iter().map(|file| file.id).eq(draft.file_ids.iter().copied())
}
