//! Storing a batch of posts, on the writer's thread and within its transaction: look up what decides them, accept or
//! refuse each in its order, then insert the accepted ones together. Each post is decided as if those before it were
//! stored.
//!
//! On SQLite that saves the rows that several posts of a batch touch, a room's counters above all, from being read and
//! written for each; on Postgres it saves the round trips.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::QueryResult;

use crate::domain::{
    EventKind, File, Message, MessageId, Refusal, RepliedTo, RoomEvent, RoomId, Subject, Timestamp, UserId, UserRef,
};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::error::separate_refusal;
use crate::store::files::rows::{attach, check_attachable};
use crate::store::messages::load::messages_by_id;
use crate::store::messages::replies::{check_answerable, store_reply};
use crate::store::webhooks::enqueue::enqueue_posted;

use super::command::{Accepted, MessagePlace, Post, PostAuthor, Posted, RoomCounters};
use super::{postgres, sqlite};

/// Stores posts as if one after the other, and recognises those that were stored before. Returns what became of each; a
/// refused post does not affect the others.
///
/// # Errors
/// What makes the transaction unusable.
pub(in crate::store) fn post_all(
    connection: &mut DbConnection,
    posts: &[&Post],
) -> Result<Vec<Result<Posted, StoreError>>, StoreError> {
    let mut outcomes = Vec::with_capacity(posts.len());
    for posts in posts.chunk_by(|post, next| !post.stands_alone() && !next.stands_alone()) {
        let stored = store_batch(connection, posts)?;
        outcomes.extend(outcomes_of(connection, posts, stored)?);
    }
    Ok(outcomes)
}

/// What became of a post that was not refused.
enum Stored {
    /// A message and its entry in the log.
    New(Box<Message>),
    /// Nothing was stored: the author has given the client id to this message before.
    Duplicate(MessageId),
}

/// The answers to posts that were stored together. The messages of duplicates are read with one query, for after an
/// outage many clients repeat their posts.
fn outcomes_of(
    connection: &mut DbConnection,
    posts: &[&Post],
    stored: Vec<Result<Stored, StoreError>>,
) -> QueryResult<Vec<Result<Posted, StoreError>>> {
    let earlier: Vec<MessageId> = stored
        .iter()
        .filter_map(|stored| match stored {
            Ok(Stored::Duplicate(earlier)) => Some(*earlier),
            Ok(Stored::New(_)) | Err(_) => None,
        })
        .collect();
    let earlier = messages_by_id(connection, &earlier)?;
    let answers = posts.iter().zip(stored).map(|(post, stored)| match stored? {
        Stored::New(message) => Ok(Posted::New { event: Box::new(message_posted(message.clone())), message: *message }),
        Stored::Duplicate(id) => replay(earlier.iter().find(|message| message.id == id).cloned(), post),
    });
    Ok(answers.collect())
}

fn message_posted(message: Box<Message>) -> RoomEvent {
    RoomEvent {
        room_id: message.room_id,
        seq: message.seq,
        created_at: message.created_at,
        actor: message.author.clone(),
        kind: EventKind::MessagePosted,
        subject: Subject::Message(message),
    }
}

/// The answer to a post whose client id was used before: the message stored then, if the post says the same. If the
/// message was edited or deleted since, its first text is not known, and the post counts as a repeat.
fn replay(earlier: Option<Message>, post: &Post) -> Result<Posted, StoreError> {
    let message = earlier.ok_or(StoreError::Refused(Refusal::MessageNotFound))?;
    let is_as_posted = message.edited_at.is_none() && message.deleted_at.is_none();
    if message.room_id != post.room || (is_as_posted && !post.says_the_same_as(&message)) {
        return Err(StoreError::Refused(Refusal::ClientIdReused));
    }
    Ok(Posted::Replayed(message))
}

/// Stores those posts that are new and accepted. Returns what became of each. A post with files, or that answers
/// another message, is a batch of its own.
///
/// # Errors
/// What makes the transaction unusable.
fn store_batch(connection: &mut DbConnection, posts: &[&Post]) -> Result<Vec<Result<Stored, StoreError>>, StoreError> {
    let known = match connection {
        DbConnection::Sqlite(sqlite) => sqlite::look_up(sqlite, posts)?,
        DbConnection::Postgres(postgres) => postgres::look_up(postgres, posts)?,
    };
    let mut batch = PostBatch::begin(known.rooms);
    let decisions: Vec<_> = posts.iter().zip(known.authors).map(|(post, author)| batch.decide(post, author)).collect();
    let parts = match posts {
        [post] if !batch.accepted.is_empty() => check_parts(connection, post),
        _ => Ok((Vec::new(), None)),
    };
    let (files, reply_to) = match separate_refusal(parts)? {
        Ok(parts) => parts,
        Err(refusal) => return Ok(vec![Err(refusal)]),
    };
    let created_at = Timestamp::now();
    let ids = match connection {
        _ if batch.accepted.is_empty() => Vec::new(),
        DbConnection::Sqlite(sqlite) => sqlite::insert(sqlite, &batch.accepted, &files, created_at)?,
        DbConnection::Postgres(postgres) => postgres::insert(postgres, &batch.accepted, &files, created_at)?,
    };
    if known.has_webhooks {
        let places = batch.accepted.iter().map(|accepted| (accepted.post.room, accepted.place.seq));
        enqueue_posted(connection, places, created_at)?;
    }
    let stored = |decision| match decision {
        Decision::Accept { index, author } => {
            Stored::New(Box::new(batch.accepted[index].to_message(ids[index], author, created_at)))
        }
        Decision::DuplicateOfAccepted { index } => Stored::Duplicate(ids[index]),
        Decision::DuplicateOfStored(earlier) => Stored::Duplicate(earlier),
    };
    let mut outcomes: Vec<_> = decisions.into_iter().map(|decision| decision.map(stored)).collect();
    if let [Ok(Stored::New(message))] = outcomes.as_mut_slice() {
        (message.files, message.reply_to) = (files, reply_to);
        attach(connection, message)?;
        store_reply(connection, message)?;
    }
    Ok(outcomes)
}

/// The files that a post attaches, and the message that it answers.
fn check_parts(connection: &mut DbConnection, post: &Post) -> Result<(Vec<File>, Option<RepliedTo>), StoreError> {
    let files = check_attachable(connection, post.author, post.room, &post.draft.file_ids)?;
    let reply_to = post.draft.reply_to.map(|id| check_answerable(connection, post.room, id)).transpose()?;
    Ok((files, reply_to))
}

/// The state of the rooms as it will be once the posts accepted so far are stored.
struct PostBatch<'a> {
    rooms: HashMap<RoomId, RoomCounters>,
    /// The read marks that posts of this batch have moved.
    read_numbers: HashMap<(RoomId, UserId), i64>,
    /// Which accepted post an author has given a client id to.
    client_ids: HashMap<(UserId, &'a str), usize>,
    accepted: Vec<Accepted<'a>>,
}

/// What is to become of a post; `index` is that of an accepted post.
enum Decision {
    Accept { index: usize, author: UserRef },
    DuplicateOfAccepted { index: usize },
    DuplicateOfStored(MessageId),
}

impl<'a> PostBatch<'a> {
    fn begin(rooms: HashMap<RoomId, RoomCounters>) -> Self {
        Self { rooms, read_numbers: HashMap::new(), client_ids: HashMap::new(), accepted: Vec::new() }
    }

    /// Accepts or refuses the next post.
    fn decide(&mut self, post: &'a Post, author: PostAuthor) -> Result<Decision, StoreError> {
        let PostAuthor { author, read_number, earlier } = author;
        let author = author.ok_or(StoreError::Refused(Refusal::UserNotFound))?;
        let membership = (post.room, post.author);
        let read_number = self.read_numbers.get(&membership).copied().or(read_number);
        let room = self.rooms.get_mut(&post.room);
        let place = MessagePlace::next(room.as_deref(), read_number)?;
        if let Some(earlier) = earlier {
            return Ok(Decision::DuplicateOfStored(earlier));
        }
        let index = self.accepted.len();
        if let Some(client_id) = post.client_id() {
            match self.client_ids.entry((post.author, client_id)) {
                Entry::Occupied(earlier) => return Ok(Decision::DuplicateOfAccepted { index: *earlier.get() }),
                Entry::Vacant(unused) => unused.insert(index),
            };
        }
        if let Some(room) = room {
            (room.last_seq, room.message_count) = (place.seq.0, place.number);
        }
        if place.is_next_to_read {
            self.read_numbers.insert(membership, place.number);
        }
        self.accepted.push(Accepted { post, place });
        Ok(Decision::Accept { index, author })
    }
}
