//! [`Post`], which the writer gets, [`Lookup`], which decides whether it is accepted, and [`Posted`], which is the outcome.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::domain::{
    ClientId, File, Message, MessageDraft, MessageId, Refusal, RoomEvent, RoomId, RoomKind, Seq, Timestamp, UserId,
    UserRef,
};
use crate::store::StoreError;
use crate::store::search::entry::SearchEntry;

/// A message to be posted.
pub(in crate::store) struct Post {
    pub(in crate::store) author: UserId,
    pub(in crate::store) room: RoomId,
    pub(in crate::store) draft: MessageDraft,
    /// Its words for the search index.
    pub(in crate::store) entry: SearchEntry,
}

/// What became of a post.
#[derive(Debug, Clone, PartialEq)]
pub enum Posted {
    /// It was stored.
    New {
        /// The message.
        message: Message,
        /// The `message.posted` with this message, to be dispatched.
        event: Box<RoomEvent>,
    },
    /// An earlier post with the same client id was stored, with this message; there is nothing to dispatch.
    Replayed(Message),
}

impl Post {
    pub(super) fn client_id(&self) -> Option<&str> {
        self.draft.client_id.as_ref().map(ClientId::as_str)
    }

    /// Whether more is looked up and stored than the text: such a post is a batch of its own.
    pub(super) fn stands_alone(&self) -> bool {
        !self.draft.file_ids.is_empty() || self.draft.reply_to.is_some()
    }

    /// The entry for the index, with the words of the files' names.
    pub(super) fn entry_with(&self, files: &[File]) -> Cow<'_, SearchEntry> {
        if files.is_empty() { Cow::Borrowed(&self.entry) } else { Cow::Owned(self.entry.clone().with_files(files)) }
    }

    pub(super) fn says_the_same_as(&self, message: &Message) -> bool {
        let file_ids = message.files.iter().map(|file| file.id);
        message.body == self.draft.body.text()
            && file_ids.eq(self.draft.file_ids.iter().copied())
            && message.reply_to.as_ref().map(|replied_to| replied_to.id) == self.draft.reply_to
    }
}

/// What is looked up before a batch of posts is stored: all that decides whether each is accepted.
pub(super) struct Lookup {
    /// The rooms, which no other transaction can change until this one ends. Those that do not exist are left out.
    pub(super) rooms: HashMap<RoomId, RoomCounters>,
    /// The authors, one for each post and in the order of the posts.
    pub(super) authors: Vec<PostAuthor>,
    /// Whether any webhook is called for posts. Most instances have none, and need not search for it.
    pub(super) has_webhooks: bool,
}

/// The author of a post, as the database knows them.
pub(super) struct PostAuthor {
    /// `None`: there is no such person.
    pub(super) author: Option<UserRef>,
    /// `None`: not a member.
    pub(super) read_number: Option<i64>,
    /// The message that already has the post's client id.
    pub(super) earlier: Option<MessageId>,
}

/// An accepted post with its numbers.
#[derive(Clone, Copy)]
pub(super) struct Accepted<'a> {
    pub(super) post: &'a Post,
    pub(super) place: MessagePlace,
}

impl Accepted<'_> {
    /// The message that is stored for the post, without its files.
    pub(super) fn to_message(self, id: MessageId, author: UserRef, created_at: Timestamp) -> Message {
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
            changed_seq: place.seq,
            reply_to: None,
            files: Vec::new(),
            reactions: Vec::new(),
        }
    }
}

/// A room's kind, state and counters, which decide whether a message is accepted and which numbers it gets.
pub(super) struct RoomCounters {
    pub(super) kind: String,
    pub(super) is_archived: bool,
    pub(super) last_seq: i64,
    pub(super) message_count: i64,
}

/// The numbers of a new message.
#[derive(Clone, Copy)]
pub(super) struct MessagePlace {
    pub(super) seq: Seq,
    pub(super) number: i64,
    /// Whether its author had read everything before it. Then the read mark moves to this message.
    pub(super) is_next_to_read: bool,
}

impl MessagePlace {
    /// The next numbers in a room. `read_number` is `None` for people who are not members; to them a closed room is
    /// reported as not found.
    pub(super) fn next(room: Option<&RoomCounters>, read_number: Option<i64>) -> Result<Self, StoreError> {
        let room = room.ok_or(StoreError::Refused(Refusal::RoomNotFound))?;
        match read_number {
            Some(_) if room.is_archived => Err(StoreError::Refused(Refusal::RoomArchived)),
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
