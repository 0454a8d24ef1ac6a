//! Posting messages: the hot path (step 2 of the walk, "store").
//!
//! The writer hands over posts that follow each other. They are decided and stored together ([`batch`]), by statements of
//! the database's own ([`sqlite`], [`postgres`]); only posts with files, which are rare, are stored one by one. What decides
//! a post, and in which order it is asked, is the same everywhere.

mod batch;
mod postgres;
mod sqlite;

use diesel::QueryResult;

use crate::domain::{
    Author, ClientId, Message, MessageDraft, MessageId, RoomEvent, RoomEventKind, RoomId, RoomKind, Seq, Timestamp,
    UserId,
};
use crate::store::engine::connection::DbConnection;
use crate::store::search::SearchEntry;
use crate::store::{Posted, StoreError};

use super::edit::load_messages;

/// A message to be posted.
pub(in crate::store) struct Post {
    pub(in crate::store) author: UserId,
    pub(in crate::store) room: RoomId,
    pub(in crate::store) draft: MessageDraft,
    /// What the search index will keep of it.
    pub(in crate::store) entry: SearchEntry,
}

/// Stores posts as if one after the other, and recognises those that were stored before. Answers what became of each: a
/// refusal is between that post and its author.
///
/// # Errors
/// What makes the transaction unusable.
pub(in crate::store) fn post_all(
    connection: &mut DbConnection,
    posts: &[&Post],
) -> Result<Vec<Result<Posted, StoreError>>, StoreError> {
    let mut outcomes = Vec::with_capacity(posts.len());
    for posts in posts.chunk_by(|post, next| !post.has_files() && !next.has_files()) {
        let stored = batch::store(connection, posts)?;
        outcomes.extend(answer(connection, posts, stored)?);
    }
    Ok(outcomes)
}

/// What an accepted post has led to when it was stored together with others.
enum Stored {
    /// A message and its entry in the log.
    New(Box<Message>),
    /// Nothing: the author has given its client id to that message before.
    Before(MessageId),
}

/// What posts that were stored together are answered. Those of many clients that come back from an outage may all be
/// repeats, so their messages are read at once.
fn answer(
    connection: &mut DbConnection,
    posts: &[&Post],
    stored: Vec<Result<Stored, StoreError>>,
) -> QueryResult<Vec<Result<Posted, StoreError>>> {
    let earlier = stored.iter().filter_map(|stored| match stored {
        Ok(Stored::Before(earlier)) => Some(*earlier),
        Ok(Stored::New(_)) | Err(_) => None,
    });
    let earlier = load_messages(connection, earlier.collect())?;
    let answers = posts.iter().zip(stored).map(|(post, stored)| match stored? {
        Stored::New(message) => Ok(Posted::New(message_posted(message))),
        Stored::Before(id) => replay(earlier.iter().find(|message| message.id == id).cloned(), post),
    });
    Ok(answers.collect())
}

fn message_posted(message: Box<Message>) -> RoomEvent {
    RoomEvent {
        room_id: message.room_id,
        seq: message.seq,
        created_at: message.created_at,
        actor: message.author.clone(),
        kind: RoomEventKind::MessagePosted(message),
    }
}

/// The answer to a repeated post. Once the message was edited or taken back, what was first posted is not known any
/// more, and the repeat is taken for one.
fn replay(earlier: Option<Message>, post: &Post) -> Result<Posted, StoreError> {
    let message = earlier.ok_or(StoreError::MessageNotFound)?;
    let is_as_posted = message.edited_at.is_none() && message.deleted_at.is_none();
    if message.room_id != post.room || (is_as_posted && !post.says_the_same_as(&message)) {
        return Err(StoreError::ClientIdReused);
    }
    Ok(Posted::Replayed(message))
}

/// As much of a room as decides whether and where a message is stored in it.
struct RoomHead {
    kind: String,
    last_seq: i64,
    message_count: i64,
}

/// Where a new message goes.
#[derive(Clone, Copy)]
struct MessagePlace {
    seq: Seq,
    number: i64,
    /// Whether its author has read everything before it, and so this one too.
    is_next_to_read: bool,
}

impl MessagePlace {
    /// The next place in a room for somebody who has read it up to `read_number`, which only members have. A closed room
    /// of others answers exactly like one that does not exist.
    fn next(room: Option<&RoomHead>, read_number: Option<i64>) -> Result<Self, StoreError> {
        let room = room.ok_or(StoreError::RoomNotFound)?;
        match read_number {
            Some(read_number) => Ok(Self {
                seq: Seq(room.last_seq + 1),
                number: room.message_count + 1,
                is_next_to_read: read_number == room.message_count,
            }),
            None if room.kind == RoomKind::Open.name() => Err(StoreError::NotAMember),
            None => Err(StoreError::RoomNotFound),
        }
    }
}

impl Post {
    fn client_id(&self) -> Option<&str> {
        self.draft.client_id.as_ref().map(ClientId::as_str)
    }

    fn has_files(&self) -> bool {
        !self.draft.file_ids.is_empty()
    }

    fn says_the_same_as(&self, message: &Message) -> bool {
        let file_ids = message.files.iter().map(|file| file.id);
        message.body == self.draft.body.text() && file_ids.eq(self.draft.file_ids.iter().copied())
    }

    /// The message that the post has become, without its files.
    fn to_message(&self, id: MessageId, place: MessagePlace, author: Author, created_at: Timestamp) -> Message {
        Message {
            id,
            room_id: self.room,
            seq: place.seq,
            number: place.number,
            author,
            body: self.draft.body.text().to_owned(),
            html: self.draft.body.html().to_owned(),
            client_id: self.client_id().map(str::to_owned),
            created_at,
            edited_at: None,
            deleted_at: None,
            files: Vec::new(),
        }
    }
}
