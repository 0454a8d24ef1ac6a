//! A message.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{EmojiCount, Message, MessageId, Reaction, RepliedTo, RoomId, Seq, Timestamp};

use super::{FilePayload, UserRefPayload};

/// A message: see `docs/api.md`, "Objects".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessagePayload<'a> {
    id: MessageId,
    room_id: RoomId,
    seq: Seq,
    number: i64,
    author: UserRefPayload<'a>,
    body: &'a str,
    html: &'a str,
    #[schema(required)]
    client_id: Option<&'a str>,
    created_at: Timestamp,
    #[schema(required)]
    edited_at: Option<Timestamp>,
    #[schema(required)]
    deleted_at: Option<Timestamp>,
    /// The `seq` of the last event that changed anything of it: of two copies the one with the higher value is the later.
    changed_seq: Seq,
    #[schema(required)]
    reply_to: Option<RepliedToPayload<'a>>,
    files: Vec<FilePayload<'a>>,
    /// In the order of their first use.
    reactions: Vec<EmojiCountPayload<'a>>,
}

/// The message that another one answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RepliedTo)]
struct RepliedToPayload<'a> {
    id: MessageId,
    /// Null when it is no longer kept.
    #[schema(required)]
    author: Option<UserRefPayload<'a>>,
    /// Its beginning as plain text, of at most 140 characters; null when it was deleted.
    #[schema(required)]
    excerpt: Option<&'a str>,
}

/// One emoji under a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmojiCount)]
struct EmojiCountPayload<'a> {
    emoji: &'a str,
    /// How many people use it.
    count: i64,
    /// Those who used it first, at most 50.
    users: Vec<UserRefPayload<'a>>,
}

/// A reaction, as the events `reaction.added` and `reaction.removed` carry it; the event's `seq` is the message's `changed_seq`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reaction)]
pub struct ReactionPayload<'a> {
    message_id: MessageId,
    emoji: &'a str,
    user: UserRefPayload<'a>,
}

impl<'a> From<&'a Reaction> for ReactionPayload<'a> {
    fn from(reaction: &'a Reaction) -> Self {
        Self { message_id: reaction.message_id, emoji: reaction.emoji.as_str(), user: (&reaction.user).into() }
    }
}

impl<'a> From<&'a RepliedTo> for RepliedToPayload<'a> {
    fn from(replied_to: &'a RepliedTo) -> Self {
        let author = replied_to.author.as_ref().map(UserRefPayload::from);
        Self { id: replied_to.id, author, excerpt: replied_to.excerpt.as_deref() }
    }
}

impl<'a> From<&'a EmojiCount> for EmojiCountPayload<'a> {
    fn from(used: &'a EmojiCount) -> Self {
        let users = used.users.iter().map(UserRefPayload::from).collect();
        Self { emoji: used.emoji.as_str(), count: used.count, users }
    }
}

impl<'a> From<&'a Message> for MessagePayload<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id,
            room_id: message.room_id,
            seq: message.seq,
            number: message.number,
            author: (&message.author).into(),
            body: &message.body,
            html: &message.html,
            client_id: message.client_id.as_deref(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            changed_seq: message.changed_seq,
            reply_to: message.reply_to.as_ref().map(RepliedToPayload::from),
            files: message.files.iter().map(FilePayload::from).collect(),
            reactions: message.reactions.iter().map(EmojiCountPayload::from).collect(),
        }
    }
}
