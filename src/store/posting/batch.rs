//! A run of posts without files on Postgres: a few statements, however many posts.
//!
//! 1. [`LockRooms`] keeps other writers out of the rooms until the commit. It has to be a statement of its own: one
//!    statement sees the database as it was when it began, and the lock may have been waited for since.
//! 2. [`FindSenders`] asks what decides each post. The decisions are made here, in the order of the posts, each seeing
//!    what those before it have led to.
//! 3. [`InsertPosts`] stores what was accepted: the messages, their entries in the log, the rooms' counters, the authors'
//!    read marks. The search index and what webhooks are to be told follow.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use crate::domain::{Author, MessageId, RoomId, Timestamp, UserId};
use crate::store::statement::statement;
use crate::store::{StoreError, deliveries, search};

use super::{MessagePlace, Post, RoomHead, Stored};

/// Stores those posts that are new and accepted. Answers what became of each.
///
/// # Errors
/// What makes the transaction unusable.
pub(super) fn store(
    connection: &mut PgConnection,
    posts: &[&Post],
) -> Result<Vec<Result<Stored, StoreError>>, StoreError> {
    let mut run = Run::begin(lock_rooms(connection, posts)?);
    let senders = find_senders(connection, posts)?;
    let decisions: Vec<_> = posts.iter().zip(senders).map(|(post, sender)| run.decide(post, sender)).collect();
    let created_at = Timestamp::now();
    let ids = if run.accepted.is_empty() { Vec::new() } else { insert(connection, &run.accepted, created_at)? };
    if run.has_listeners {
        let places = run.accepted.iter().map(|accepted| (accepted.post.room, accepted.place.seq));
        deliveries::enqueue_posted(connection, places, created_at)?;
    }
    let stored = |decision| match decision {
        Decision::Accept { index, author } => {
            let Accepted { post, place } = run.accepted[index];
            Stored::New(Box::new(post.to_message(ids[index], place, author, created_at)))
        }
        Decision::RepeatOfAccepted { index } => Stored::Before(MessageId(ids[index])),
        Decision::RepeatOfStored(earlier) => Stored::Before(earlier),
    };
    Ok(decisions.into_iter().map(|decision| decision.map(stored)).collect())
}

/// The rooms, which nobody else changes until the transaction ends. Those that do not exist are left out.
fn lock_rooms(connection: &mut PgConnection, posts: &[&Post]) -> QueryResult<HashMap<RoomId, RoomHead>> {
    let mut room_ids: Vec<_> = posts.iter().map(|post| post.room.0).collect();
    room_ids.sort_unstable();
    room_ids.dedup();
    let rows: Vec<(i64, String, i64, i64)> = LockRooms { room_ids }.load(connection)?;
    let heads = rows.into_iter().map(|(id, kind, last_seq, message_count)| {
        let head = RoomHead { kind, last_seq, message_count };
        (RoomId(id), head)
    });
    Ok(heads.collect())
}

statement! {
    /// Locks in the order of ids, so that writers who want the same rooms wait for each other in turn.
    LockRooms { room_ids: Vec<i64> => Array<BigInt> } -> (BigInt, Text, BigInt, BigInt):
    "SELECT id, kind, last_seq, message_count FROM rooms WHERE id = ANY(", room_ids, ") \
     ORDER BY id FOR NO KEY UPDATE"
}

/// What is known of each post's author, in the order of the posts.
fn find_senders(connection: &mut PgConnection, posts: &[&Post]) -> QueryResult<Vec<SenderRow>> {
    let find = FindSenders {
        author_ids: posts.iter().map(|post| post.author.0).collect(),
        room_ids: posts.iter().map(|post| post.room.0).collect(),
        client_ids: posts.iter().map(|post| post.client_id()).collect(),
    };
    find.load(connection)
}

statement! {
    /// Everything but the rooms that decides whether posts are accepted.
    ///
    /// The `LATERAL … LIMIT 1` makes it one look into the index for each post. Postgres may turn any other way to ask for
    /// known client ids into a join, for which it reads the messages.
    FindSenders<'a> {
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
struct SenderRow {
    /// `None`, like the name: there is no such person.
    username: Option<String>,
    name: Option<String>,
    /// `None`: not a member.
    read_number: Option<i64>,
    /// The message that already has the post's client id.
    earlier_id: Option<i64>,
    /// Whether some webhook wants to hear of posts: most instances have none, and are spared the search for it.
    has_listeners: bool,
}

/// A run while it is decided: the database as it will be once the posts accepted so far are stored.
struct Run<'a> {
    rooms: HashMap<RoomId, RoomHead>,
    /// The read marks that posts of this run have moved.
    read_numbers: HashMap<(RoomId, UserId), i64>,
    /// Which accepted post an author has given a client id to.
    client_ids: HashMap<(UserId, &'a str), usize>,
    accepted: Vec<Accepted<'a>>,
    has_listeners: bool,
}

/// A post that will be stored, and where.
#[derive(Clone, Copy)]
struct Accepted<'a> {
    post: &'a Post,
    place: MessagePlace,
}

/// What is to become of a post; `index` says which of the accepted ones.
enum Decision {
    Accept { index: usize, author: Author },
    RepeatOfAccepted { index: usize },
    RepeatOfStored(MessageId),
}

impl<'a> Run<'a> {
    fn begin(rooms: HashMap<RoomId, RoomHead>) -> Self {
        Self {
            rooms,
            read_numbers: HashMap::new(),
            client_ids: HashMap::new(),
            accepted: Vec::new(),
            has_listeners: false,
        }
    }

    /// Decides the next post.
    fn decide(&mut self, post: &'a Post, sender: SenderRow) -> Result<Decision, StoreError> {
        let SenderRow { username: Some(username), name: Some(name), read_number, earlier_id, has_listeners } = sender
        else {
            return Err(StoreError::UserNotFound);
        };
        let membership = (post.room, post.author);
        let read_number = self.read_numbers.get(&membership).copied().or(read_number);
        let room = self.rooms.get_mut(&post.room);
        let place = MessagePlace::next(room.as_deref(), read_number)?;
        if let Some(earlier) = earlier_id {
            return Ok(Decision::RepeatOfStored(MessageId(earlier)));
        }
        let index = self.accepted.len();
        if let Some(client_id) = post.client_id() {
            match self.client_ids.entry((post.author, client_id)) {
                Entry::Occupied(earlier) => return Ok(Decision::RepeatOfAccepted { index: *earlier.get() }),
                Entry::Vacant(unused) => unused.insert(index),
            };
        }
        if let Some(room) = room {
            (room.last_seq, room.message_count) = (place.seq.0, place.number);
        }
        if place.is_next_to_read {
            self.read_numbers.insert(membership, place.number);
        }
        self.has_listeners |= has_listeners;
        self.accepted.push(Accepted { post, place });
        Ok(Decision::Accept { index, author: Author { id: post.author, username, name } })
    }
}

/// Stores what was accepted, and indexes it; answers the messages' ids, in the same order.
fn insert(
    connection: &mut PgConnection,
    accepted: &[Accepted<'_>],
    created_at: Timestamp,
) -> Result<Vec<i64>, StoreError> {
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
    let id_of = |accepted: &Accepted<'_>| ids.get(&(accepted.post.room.0, accepted.place.seq.0)).copied();
    let missing = || StoreError::Internal("the database did not answer the id of every message".to_owned());
    let ids = accepted.iter().map(|accepted| id_of(accepted).ok_or_else(missing)).collect::<Result<Vec<_>, _>>()?;
    let posts = accepted.iter().zip(&ids);
    let entries = posts.map(|(Accepted { post, .. }, id)| (MessageId(*id), post.room, post.author, &post.entry));
    search::index_batch(connection, entries)?;
    Ok(ids)
}

statement! {
    /// Messages with the places that were decided for them, and all that follows from them. They are inserted in the
    /// order of the run, so that the ids of a room's messages ascend with their places.
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
     mark AS (UPDATE memberships SET read_number = mark.number \
     FROM (SELECT room_id, author_id, max(number) AS number FROM post WHERE is_next_to_read \
     GROUP BY room_id, author_id) AS mark \
     WHERE memberships.room_id = mark.room_id AND memberships.user_id = mark.author_id) \
     \
     SELECT room_id, seq, id FROM message"
}
