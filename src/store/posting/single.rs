//! A post by itself, on either database: a handful of small statements, each prepared once.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::domain::{Author, Message, MessageId, Timestamp};
use crate::store::access::lock_room;
use crate::store::connection::DbConnection;
use crate::store::files::{attach, check_attachable};
use crate::store::messages::load_message;
use crate::store::schema::messages;
use crate::store::statement::{execute, fetch, statement};
use crate::store::{Posted, StoreError, log, search};

use super::{MessagePlace, Post, RoomHead, message_posted, replay};

/// Stores a message, or recognises it as one that was stored.
pub(super) fn store(connection: &mut DbConnection, post: &Post) -> Result<Posted, StoreError> {
    lock_room(connection, post.room)?;
    let find = FindSender { room_id: post.room.0, client_id: post.client_id(), author_id: post.author.0 };
    let sender: SenderRow = fetch(connection, find).optional()?.ok_or(StoreError::UserNotFound)?;
    let place = MessagePlace::next(sender.room_head().as_ref(), sender.read_number)?;
    if let Some(earlier) = sender.earlier_id {
        return replay(load_message(connection, MessageId(earlier))?, post);
    }
    let files = check_attachable(connection, post.author, post.room, &post.draft.file_ids)?;
    let created_at = Timestamp::now();
    let id = insert(connection, post, place, created_at)?;
    let author = Author { id: post.author, username: sender.username, name: sender.name };
    let message = Box::new(Message { files, ..post.to_message(id, place, author, created_at) });
    attach(connection, &message)?;
    search::index(connection, message.id, post.room, post.author, &post.entry)?;
    let event = message_posted(message);
    match sender.has_listeners {
        true => log::append(connection, &event)?,
        false => log::write(connection, &event)?,
    }
    Ok(Posted::New(event))
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

impl SenderRow {
    fn room_head(&self) -> Option<RoomHead> {
        let kind = self.room_kind.clone()?;
        Some(RoomHead { kind, last_seq: self.last_seq?, message_count: self.message_count? })
    }
}

/// Stores the message's row and moves what counts messages; answers its id.
fn insert(connection: &mut DbConnection, post: &Post, place: MessagePlace, created_at: Timestamp) -> QueryResult<i64> {
    let MessagePlace { seq, number, is_next_to_read } = place;
    execute(connection, &MoveCounters { seq: seq.0, number, room_id: post.room.0 })?;
    let row = diesel::insert_into(messages::table).values((
        messages::room_id.eq(post.room.0),
        messages::seq.eq(seq.0),
        messages::number.eq(number),
        messages::author_id.eq(post.author.0),
        messages::body.eq(post.draft.body.text()),
        messages::html.eq(post.draft.body.html()),
        messages::client_id.eq(post.client_id()),
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
        execute(connection, &MoveReadNumber { number, room_id: post.room.0, user_id: post.author.0 })?;
    }
    Ok(id)
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
