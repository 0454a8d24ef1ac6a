//! What the database is asked before posts are stored, and the place of each accepted post.

use std::collections::HashMap;

use crate::domain::{Author, Message, MessageId, Refusal, RoomId, RoomKind, Seq, Timestamp};
use crate::store::StoreError;

use super::command::Post;

/// What is looked up before a batch of posts is stored: all that decides whether each is accepted.
pub(super) struct Lookup {
    /// The rooms, which nobody else changes until the transaction ends. Those that do not exist are left out.
    pub(super) rooms: HashMap<RoomId, RoomHead>,
    /// The authors, one for each post and in the order of the posts.
    pub(super) authors: Vec<PostAuthor>,
    /// Whether any webhook is called for posts. Most instances have none, and need not search for it.
    pub(super) has_listeners: bool,
}

/// The author of a post, as the database knows them.
pub(super) struct PostAuthor {
    /// `None`: there is no such person.
    pub(super) author: Option<Author>,
    /// `None`: not a member.
    pub(super) read_number: Option<i64>,
    /// The message that already has the post's client id.
    pub(super) earlier: Option<MessageId>,
}

/// A post that will be stored, and where.
#[derive(Clone, Copy)]
pub(super) struct Accepted<'a> {
    pub(super) post: &'a Post,
    pub(super) place: MessagePlace,
}

impl Accepted<'_> {
    /// The message that the post has become, without its files.
    pub(super) fn to_message(self, id: MessageId, author: Author, created_at: Timestamp) -> Message {
        let Self { post, place } = self;
        Message {
            id,
            room_id: post.room,
            seq: place.seq,
            number: place.number,
            author,
            body: post.draft.body.text().to_owned(),
            html: post.draft.body.html().to_owned(),
            client_id: post.client_id().map(str::to_owned),
            created_at,
            edited_at: None,
            deleted_at: None,
            files: Vec::new(),
        }
    }
}

/// As much of a room as decides whether and where a message is stored in it.
pub(super) struct RoomHead {
    pub(super) kind: String,
    pub(super) last_seq: i64,
    pub(super) message_count: i64,
}

/// Where a new message goes.
#[derive(Clone, Copy)]
pub(super) struct MessagePlace {
    pub(super) seq: Seq,
    pub(super) number: i64,
    /// Whether its author has read everything before it, and so this one too.
    pub(super) is_next_to_read: bool,
}

impl MessagePlace {
    /// The next place in a room for somebody who has read it up to `read_number`, which only members have. A closed room
    /// of others answers exactly like one that does not exist.
    pub(super) fn next(room: Option<&RoomHead>, read_number: Option<i64>) -> Result<Self, StoreError> {
        let room = room.ok_or(StoreError::Refused(Refusal::RoomNotFound))?;
        match read_number {
            Some(read_number) => Ok(Self {
                seq: Seq(room.last_seq + 1),
                number: room.message_count + 1,
                is_next_to_read: read_number == room.message_count,
            }),
            None if room.kind == RoomKind::Open.name() => Err(StoreError::Refused(Refusal::NotAMember)),
            None => Err(StoreError::Refused(Refusal::RoomNotFound)),
        }
    }
}
