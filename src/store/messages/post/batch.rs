//! A run of posts, stored together: what decides them is looked up once, they are decided here in their order, each
//! seeing what those before it have led to, and what was accepted is stored at once.
//!
//! On SQLite that saves the rows that several posts of a run touch, a room's counters above all, from being read and
//! written for each; on Postgres it saves the round trips.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::domain::{Author, MessageId, RoomId, Timestamp, UserId};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::error::settle;
use crate::store::files::{attach, check_attachable};
use crate::store::webhooks::deliveries;

use super::{MessagePlace, Post, RoomHead, Stored, postgres, sqlite};

/// Stores those posts that are new and accepted. Answers what became of each. A post with files is a run of its own.
///
/// # Errors
/// What makes the transaction unusable.
pub(super) fn store(
    connection: &mut DbConnection,
    posts: &[&Post],
) -> Result<Vec<Result<Stored, StoreError>>, StoreError> {
    let known = match connection {
        DbConnection::Sqlite(sqlite) => sqlite::look_up(sqlite, posts)?,
        DbConnection::Postgres(postgres) => postgres::look_up(postgres, posts)?,
    };
    let mut run = Run::begin(known.rooms);
    let decisions: Vec<_> = posts.iter().zip(known.senders).map(|(post, sender)| run.decide(post, sender)).collect();
    let files = match posts {
        [post] if !run.accepted.is_empty() => {
            check_attachable(connection, post.author, post.room, &post.draft.file_ids)
        }
        _ => Ok(Vec::new()),
    };
    let files = match settle(files)? {
        Ok(files) => files,
        Err(refusal) => return Ok(vec![Err(refusal)]),
    };
    let created_at = Timestamp::now();
    let ids = match connection {
        _ if run.accepted.is_empty() => Vec::new(),
        DbConnection::Sqlite(sqlite) => sqlite::insert(sqlite, &run.accepted, created_at)?,
        DbConnection::Postgres(postgres) => postgres::insert(postgres, &run.accepted, created_at)?,
    };
    if known.has_listeners {
        let places = run.accepted.iter().map(|accepted| (accepted.post.room, accepted.place.seq));
        deliveries::enqueue_posted(connection, places, created_at)?;
    }
    let stored = |decision| match decision {
        Decision::Accept { index, author } => {
            let Accepted { post, place } = run.accepted[index];
            Stored::New(Box::new(post.to_message(ids[index], place, author, created_at)))
        }
        Decision::RepeatOfAccepted { index } => Stored::Before(ids[index]),
        Decision::RepeatOfStored(earlier) => Stored::Before(earlier),
    };
    let mut outcomes: Vec<_> = decisions.into_iter().map(|decision| decision.map(stored)).collect();
    if let [Ok(Stored::New(message))] = outcomes.as_mut_slice() {
        message.files = files;
        attach(connection, message)?;
    }
    Ok(outcomes)
}

/// What the database knows of a run before it: all that decides the posts.
pub(super) struct KnownBefore {
    /// The rooms, which nobody else changes until the transaction ends. Those that do not exist are left out.
    pub(super) rooms: HashMap<RoomId, RoomHead>,
    /// The authors, in the order of the posts.
    pub(super) senders: Vec<Sender>,
    /// Whether some webhook wants to hear of posts: most instances have none, and are spared the search for it.
    pub(super) has_listeners: bool,
}

/// What is known of a post's author.
pub(super) struct Sender {
    /// `None`: there is no such person.
    pub(super) author: Option<Author>,
    /// `None`: not a member.
    pub(super) read_number: Option<i64>,
    /// The message that already has the post's client id.
    pub(super) earlier: Option<MessageId>,
}

/// A run while it is decided: the database as it will be once the posts accepted so far are stored.
struct Run<'a> {
    rooms: HashMap<RoomId, RoomHead>,
    /// The read marks that posts of this run have moved.
    read_numbers: HashMap<(RoomId, UserId), i64>,
    /// Which accepted post an author has given a client id to.
    client_ids: HashMap<(UserId, &'a str), usize>,
    accepted: Vec<Accepted<'a>>,
}

/// A post that will be stored, and where.
#[derive(Clone, Copy)]
pub(super) struct Accepted<'a> {
    pub(super) post: &'a Post,
    pub(super) place: MessagePlace,
}

/// What is to become of a post; `index` says which of the accepted ones.
enum Decision {
    Accept { index: usize, author: Author },
    RepeatOfAccepted { index: usize },
    RepeatOfStored(MessageId),
}

impl<'a> Run<'a> {
    fn begin(rooms: HashMap<RoomId, RoomHead>) -> Self {
        Self { rooms, read_numbers: HashMap::new(), client_ids: HashMap::new(), accepted: Vec::new() }
    }

    /// Decides the next post.
    fn decide(&mut self, post: &'a Post, sender: Sender) -> Result<Decision, StoreError> {
        let author = sender.author.ok_or(StoreError::UserNotFound)?;
        let membership = (post.room, post.author);
        let read_number = self.read_numbers.get(&membership).copied().or(sender.read_number);
        let room = self.rooms.get_mut(&post.room);
        let place = MessagePlace::next(room.as_deref(), read_number)?;
        if let Some(earlier) = sender.earlier {
            return Ok(Decision::RepeatOfStored(earlier));
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
        self.accepted.push(Accepted { post, place });
        Ok(Decision::Accept { index, author })
    }
}
