//! Storing posts on SQLite: statements in the same process, each prepared once. A room, an author and a membership are
//! looked up once for all posts of the batch, and their counters are written once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::domain::{File, MessageId, RoomId, Timestamp, UserId, UserRef};
use crate::store::StoreError;
use crate::store::engine::statement::statement;
use crate::store::search::index;

use super::command::{Accepted, Lookup, Post, PostAuthor, RoomCounters};

/// Looks up what decides posts. No other transaction can write while this one is open.
pub(super) fn look_up(connection: &mut SqliteConnection, posts: &[&Post]) -> QueryResult<Lookup> {
    let mut rooms = HashMap::new();
    let mut people = HashMap::new();
    let mut authors = Vec::with_capacity(posts.len());
    for post in posts {
        if let Entry::Vacant(unknown) = rooms.entry(post.room) {
            unknown.insert(find_room(connection, post.room)?);
        }
        let (author, read_number) = match people.entry((post.room, post.author)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(find_person(connection, post.room, post.author)?),
        };
        let earlier = match post.client_id() {
            Some(client_id) => find_earlier(connection, post.author, client_id)?,
            None => None,
        };
        authors.push(PostAuthor { author: author.clone(), read_number: *read_number, earlier });
    }
    let rooms = rooms.into_iter().filter_map(|(id, head)| Some((id, head?))).collect();
    let has_webhooks = HasWebhooksForPosts {}.get_result(connection)?;
    Ok(Lookup { rooms, authors, has_webhooks })
}

fn find_room(connection: &mut SqliteConnection, id: RoomId) -> QueryResult<Option<RoomCounters>> {
    let row: Option<(String, bool, i64, i64)> = FindRoom { id: id.0 }.get_result(connection).optional()?;
    let counters =
        |(kind, is_archived, last_seq, message_count)| RoomCounters { kind, is_archived, last_seq, message_count };
    Ok(row.map(counters))
}

statement! {
    /// A room's kind, state and counters.
    FindRoom { id: i64 => BigInt } -> (Text, Bool, BigInt, BigInt):
    "SELECT kind, archived_at IS NOT NULL, last_seq, message_count FROM rooms \
     WHERE deleted_at IS NULL AND id = ", id
}

/// A person and their read mark in the room. `None`: no such person; not a member.
fn find_person(
    connection: &mut SqliteConnection,
    room: RoomId,
    id: UserId,
) -> QueryResult<(Option<UserRef>, Option<i64>)> {
    let row: Option<(String, String, Option<i64>)> =
        FindPerson { room_id: room.0, id: id.0 }.get_result(connection).optional()?;
    Ok(match row {
        Some((username, name, read_number)) => (Some(UserRef { id, username, name }), read_number),
        None => (None, None),
    })
}

statement! {
    /// A person and their membership of a room.
    FindPerson { room_id: i64 => BigInt, id: i64 => BigInt } -> (Text, Text, Nullable<BigInt>):
    "SELECT users.username, users.name, memberships.read_number FROM users \
     LEFT JOIN memberships ON memberships.room_id = ", room_id, " AND memberships.user_id = users.id \
     WHERE users.id = ", id
}

fn find_earlier(connection: &mut SqliteConnection, author: UserId, client_id: &str) -> QueryResult<Option<MessageId>> {
    let id: Option<i64> = FindEarlier { author_id: author.0, client_id }.get_result(connection).optional()?;
    Ok(id.map(MessageId))
}

statement! {
    /// The message to which an author has given a client id.
    FindEarlier<'a> { author_id: i64 => BigInt, client_id: &'a str => Text } -> BigInt:
    "SELECT id FROM messages WHERE author_id = ", author_id, " AND client_id = ", client_id
}

statement! {
    /// Whether any webhook is called for posts.
    HasWebhooksForPosts {} -> Bool:
    "SELECT EXISTS (SELECT 1 FROM webhook_event_types WHERE event_type = 'message.posted')"
}

/// Inserts the accepted posts and indexes them; if there are files, it is one post that has them. Returns the messages' ids in the same order.
pub(super) fn insert(
    connection: &mut SqliteConnection,
    accepted: &[Accepted<'_>],
    files: &[File],
    created_at: Timestamp,
) -> Result<Vec<MessageId>, StoreError> {
    let removals = index::removals_in_sqlite(connection)?;
    let mut ids = Vec::with_capacity(accepted.len());
    let (mut counters, mut read_numbers, mut own_posts) = (HashMap::new(), HashMap::new(), HashMap::new());
    for Accepted { post, place } in accepted {
        let id = insert_message(connection, post, place.seq.0, place.number, created_at)?;
        let entry = post.entry_with(files);
        index::add_in_sqlite(connection, removals, id, post.room, post.author, &entry)?;
        counters.insert(post.room, (place.seq, place.number));
        if place.is_next_to_read {
            read_numbers.insert((post.room, post.author), place.number);
        } else {
            *own_posts.entry((post.room, post.author)).or_default() += 1;
        }
        ids.push(id);
    }
    for (room, (seq, number)) in counters {
        MoveCounters { seq: seq.0, number, room_id: room.0 }.execute(connection)?;
    }
    for ((room, author), number) in read_numbers {
        MoveReadNumber { number, room_id: room.0, user_id: author.0 }.execute(connection)?;
    }
    for ((room, author), posts) in own_posts {
        UncountOwnPosts { posts, room_id: room.0, user_id: author.0 }.execute(connection)?;
    }
    Ok(ids)
}

/// Stores a message and its entry in the log.
fn insert_message(
    connection: &mut SqliteConnection,
    post: &Post,
    seq: i64,
    number: i64,
    created_at: Timestamp,
) -> QueryResult<MessageId> {
    let (room_id, author_id, created_at) = (post.room.0, post.author.0, created_at.0);
    let (body, html, client_id) = (post.draft.body.text(), post.draft.body.html(), post.client_id());
    InsertMessage { room_id, seq, number, author_id, body, html, client_id, created_at }.execute(connection)?;
    let message_id = LastInsertId {}.get_result(connection)?;
    InsertEntry { room_id, seq, actor_id: author_id, message_id, created_at }.execute(connection)?;
    Ok(MessageId(message_id))
}

statement! {
    /// A message. Without RETURNING: SQLite collects its rows in a temporary table, which costs as much as the
    /// insertion.
    InsertMessage<'a> {
        room_id: i64 => BigInt,
        seq: i64 => BigInt,
        number: i64 => BigInt,
        author_id: i64 => BigInt,
        body: &'a str => Text,
        html: &'a str => Text,
        client_id: Option<&'a str> => Nullable<Text>,
        created_at: i64 => BigInt,
    } -> ():
    "INSERT INTO messages (room_id, seq, number, author_id, body, html, client_id, created_at) VALUES (",
    room_id, ", ", seq, ", ", number, ", ", author_id, ", ", body, ", ", html, ", ", client_id, ", ", created_at, ")"
}

statement! {
    /// A message's entry in the log.
    InsertEntry {
        room_id: i64 => BigInt,
        seq: i64 => BigInt,
        actor_id: i64 => BigInt,
        message_id: i64 => BigInt,
        created_at: i64 => BigInt,
    } -> ():
    "INSERT INTO events (room_id, seq, kind, actor_id, message_id, created_at) VALUES (",
    room_id, ", ", seq, ", 'message.posted', ", actor_id, ", ", message_id, ", ", created_at, ")"
}

statement! {
    /// A room's counters after a post: the last `seq`, and how many messages were ever posted.
    MoveCounters { seq: i64 => BigInt, number: i64 => BigInt, room_id: i64 => BigInt } -> ():
    "UPDATE rooms SET last_seq = ", seq, ", message_count = ", number, " WHERE id = ", room_id
}

statement! {
    /// The id that SQLite gave to the row just inserted.
    LastInsertId {} -> BigInt:
    "SELECT last_insert_rowid()"
}

statement! {
    /// Moves an author's read mark to the message that they wrote.
    MoveReadNumber { number: i64 => BigInt, room_id: i64 => BigInt, user_id: i64 => BigInt } -> ():
    "UPDATE memberships SET read_number = ", number, " WHERE room_id = ", room_id, " AND user_id = ", user_id
}

statement! {
    /// An author's own posts after their read mark are not unread for them.
    UncountOwnPosts { posts: i64 => BigInt, room_id: i64 => BigInt, user_id: i64 => BigInt } -> ():
    "UPDATE memberships SET uncounted = uncounted + ", posts, " WHERE room_id = ", room_id, " AND user_id = ", user_id
}
