//! Storing posts on Postgres: a few statements, however many posts, since each is a round trip to the server.
//!
//! 1. [`LockRooms`] keeps other writers out of the rooms until the commit. It has to be a separate statement: a
//!    statement sees the database as it was when the statement began, which may be before the wait for the lock.
//! 2. [`FindAuthorsOfPosts`] looks up what decides each post.
//! 3. [`InsertPosts`] stores what was accepted: the messages, their entries in the log, the rooms' counters, the
//!    authors' read marks. The search index follows.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use crate::domain::{File, MessageId, RoomId, Timestamp, UserId, UserRef};
use crate::store::StoreError;
use crate::store::engine::statement::statement;
use crate::store::search::index;

use super::command::{Accepted, Lookup, Post, PostAuthor, RoomCounters};

/// Locks the rooms of posts, and looks up what decides the posts.
pub(super) fn look_up(connection: &mut PgConnection, posts: &[&Post]) -> QueryResult<Lookup> {
    let rooms = lock_rooms(connection, posts)?;
    let rows = find_authors(connection, posts)?;
    let has_webhooks = rows.iter().any(|row| row.has_webhooks);
    let authors = posts.iter().zip(rows).map(|(post, row)| row.author(post.author)).collect();
    Ok(Lookup { rooms, authors, has_webhooks })
}

/// Locks rooms and reads them. Those that do not exist are left out.
fn lock_rooms(connection: &mut PgConnection, posts: &[&Post]) -> QueryResult<HashMap<RoomId, RoomCounters>> {
    let mut room_ids: Vec<_> = posts.iter().map(|post| post.room.0).collect();
    room_ids.sort_unstable();
    room_ids.dedup();
    let rows: Vec<(i64, String, bool, i64, i64)> = LockRooms { room_ids }.load(connection)?;
    let heads = rows.into_iter().map(|(id, kind, is_archived, last_seq, message_count)| {
        let head = RoomCounters { kind, is_archived, last_seq, message_count };
        (RoomId(id), head)
    });
    Ok(heads.collect())
}

statement! {
    /// Locks in the order of ids, so that writers of the same rooms cannot deadlock.
    LockRooms { room_ids: Vec<i64> => Array<BigInt> } -> (BigInt, Text, Bool, BigInt, BigInt):
    "SELECT id, kind, archived_at IS NOT NULL, last_seq, message_count FROM rooms \
     WHERE deleted_at IS NULL AND id = ANY(", room_ids, ") \
     ORDER BY id FOR NO KEY UPDATE"
}

/// What is known of each post's author, in the order of the posts.
fn find_authors(connection: &mut PgConnection, posts: &[&Post]) -> QueryResult<Vec<AuthorOfPostRow>> {
    let find = FindAuthorsOfPosts {
        author_ids: posts.iter().map(|post| post.author.0).collect(),
        room_ids: posts.iter().map(|post| post.room.0).collect(),
        client_ids: posts.iter().map(|post| post.client_id()).collect(),
    };
    find.load(connection)
}

statement! {
    /// Everything but the rooms that decides whether posts are accepted.
    ///
    /// The `LATERAL … LIMIT 1` makes it one look into the index for each post. Postgres may turn any other way to ask
    /// for known client ids into a join, for which it reads the messages.
    FindAuthorsOfPosts<'a> {
        author_ids: Vec<i64> => Array<BigInt>,
        room_ids: Vec<i64> => Array<BigInt>,
        client_ids: Vec<Option<&'a str>> => Array<Nullable<Text>>,
    } -> (Nullable<Text>, Nullable<Text>, Nullable<BigInt>, Nullable<BigInt>, Bool):
    "SELECT users.username, users.name, memberships.read_number, earlier.id, \
     EXISTS (SELECT 1 FROM webhook_event_types WHERE event_type = 'message.posted') \
     FROM unnest(", author_ids, ", ", room_ids, ", ", client_ids, ") WITH ORDINALITY \
     AS post (author_id, room_id, client_id, position) \
     LEFT JOIN users ON users.id = post.author_id \
     LEFT JOIN memberships ON memberships.room_id = post.room_id AND memberships.user_id = post.author_id \
     LEFT JOIN LATERAL (SELECT messages.id FROM messages WHERE messages.author_id = post.author_id \
     AND messages.client_id = post.client_id LIMIT 1) AS earlier ON true \
     ORDER BY post.position"
}

#[derive(Queryable)]
struct AuthorOfPostRow {
    /// `None`, like the name: there is no such person.
    username: Option<String>,
    name: Option<String>,
    /// `None`: not a member.
    read_number: Option<i64>,
    /// The message that already has the post's client id.
    earlier_id: Option<i64>,
    /// Whether any webhook is called for posts.
    has_webhooks: bool,
}

impl AuthorOfPostRow {
    fn author(self, id: UserId) -> PostAuthor {
        let author = self.username.zip(self.name).map(|(username, name)| UserRef { id, username, name });
        PostAuthor { author, read_number: self.read_number, earlier: self.earlier_id.map(MessageId) }
    }
}

/// Inserts the accepted posts (at least one) and indexes them; if there are files, it is one post that has them. Returns the messages' ids in the same order.
pub(super) fn insert(
    connection: &mut PgConnection,
    accepted: &[Accepted<'_>],
    files: &[File],
    created_at: Timestamp,
) -> Result<Vec<MessageId>, StoreError> {
    let insert = InsertPosts {
        room_ids: accepted.iter().map(|accepted| accepted.post.room.0).collect(),
        seqs: accepted.iter().map(|accepted| accepted.place.seq.0).collect(),
        numbers: accepted.iter().map(|accepted| accepted.place.number).collect(),
        author_ids: accepted.iter().map(|accepted| accepted.post.author.0).collect(),
        bodies: accepted.iter().map(|accepted| accepted.post.draft.body.text()).collect(),
        htmls: accepted.iter().map(|accepted| accepted.post.draft.body.html()).collect(),
        client_ids: accepted.iter().map(|accepted| accepted.post.client_id()).collect(),
        next_to_read: accepted.iter().map(|accepted| accepted.place.is_next_to_read).collect(),
        created_at: created_at.0,
    };
    let inserted: Vec<(i64, i64, i64)> = insert.load(connection)?;
    let ids: HashMap<_, _> = inserted.into_iter().map(|(room_id, seq, id)| ((room_id, seq), id)).collect();
    let id_of = |accepted: &Accepted<'_>| {
        let id = ids.get(&(accepted.post.room.0, accepted.place.seq.0));
        id.copied().map(MessageId)
    };
    let missing = || StoreError::Internal("the database did not answer the id of every message".to_owned());
    let ids = accepted.iter().map(|accepted| id_of(accepted).ok_or_else(missing)).collect::<Result<Vec<_>, _>>()?;
    let entries: Vec<_> = accepted.iter().map(|accepted| accepted.post.entry_with(files)).collect();
    let posts = accepted.iter().zip(&ids).zip(&entries);
    let entries = posts.map(|((Accepted { post, .. }, id), entry)| (*id, post.room, post.author, &**entry));
    index::add_batch(connection, entries)?;
    Ok(ids)
}

statement! {
    /// Inserts messages and log entries, and updates counters and read marks. Messages are inserted in the order of the
    /// batch, so that in a room a message with a higher `seq` has a higher id.
    InsertPosts<'a> {
        room_ids: Vec<i64> => Array<BigInt>,
        seqs: Vec<i64> => Array<BigInt>,
        numbers: Vec<i64> => Array<BigInt>,
        author_ids: Vec<i64> => Array<BigInt>,
        bodies: Vec<&'a str> => Array<Text>,
        htmls: Vec<&'a str> => Array<Text>,
        client_ids: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        next_to_read: Vec<bool> => Array<Bool>,
        created_at: i64 => BigInt,
    } -> (BigInt, BigInt, BigInt):
    "WITH post AS (SELECT * FROM unnest(", room_ids, ", ", seqs, ", ", numbers, ", ", author_ids, ", ", bodies, ", ",
    htmls, ", ", client_ids, ", ", next_to_read, ") WITH ORDINALITY \
     AS post (room_id, seq, number, author_id, body, html, client_id, is_next_to_read, position)), \
     \
     message AS (INSERT INTO messages (room_id, seq, number, author_id, body, html, client_id, created_at) \
     SELECT room_id, seq, number, author_id, body, html, client_id, ", created_at, " FROM post ORDER BY position \
     RETURNING id, room_id, seq, author_id, created_at), \
     \
     entry AS (INSERT INTO events (room_id, seq, kind, actor_id, message_id, created_at) \
     SELECT room_id, seq, 'message.posted', author_id, id, created_at FROM message), \
     \
     counters AS (UPDATE rooms SET last_seq = head.seq, message_count = head.number \
     FROM (SELECT room_id, max(seq) AS seq, max(number) AS number FROM post GROUP BY room_id) AS head \
     WHERE rooms.id = head.room_id), \
     \
     mark AS (UPDATE memberships SET read_number = coalesce(mark.number, memberships.read_number), \
     uncounted = memberships.uncounted + mark.own_posts \
     FROM (SELECT room_id, author_id, max(number) FILTER (WHERE is_next_to_read) AS number, \
     count(*) FILTER (WHERE NOT is_next_to_read) AS own_posts FROM post GROUP BY room_id, author_id) AS mark \
     WHERE memberships.room_id = mark.room_id AND memberships.user_id = mark.author_id) \
     \
     SELECT room_id, seq, id FROM message"
}
