//! What happened in a room: the contract between the store, the bus and every client.

use super::{Author, Document, Message, Room, RoomId, Seq, Timestamp};

/// One entry of a room's log, as it is dispatched (step 3) and as catch-up reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomEvent {
    /// The room it happened in.
    pub room_id: RoomId,
    /// Its place in the room's log.
    pub seq: Seq,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Who did it.
    pub actor: Author,
    /// What was done.
    pub kind: RoomEventKind,
}

/// What can happen in a room. A message and a document are boxed because they dwarf the other variants.
#[derive(Debug, Clone, PartialEq)]
pub enum RoomEventKind {
    /// The room was made; always a room's first event.
    RoomCreated(Room),
    /// The room has a new name or topic.
    RoomChanged(Room),
    /// A message was posted.
    MessagePosted(Box<Message>),
    /// A message's text was replaced.
    MessageEdited(Box<Message>),
    /// A message was taken back; its text is gone.
    MessageDeleted(Box<Message>),
    /// Someone joined, or was invited by the actor.
    MemberJoined(Author),
    /// Someone left, or was removed by the actor.
    MemberRemoved(Author),
    /// A document was made.
    DocumentCreated(Box<Document>),
    /// A document was renamed, archived, or taken out of the archive. What is written in it is no event of the room.
    DocumentChanged(Box<Document>),
}

impl RoomEventKind {
    /// The event's name on the wire and in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RoomCreated(_) => "room.created",
            Self::RoomChanged(_) => "room.changed",
            Self::MessagePosted(_) => "message.posted",
            Self::MessageEdited(_) => "message.edited",
            Self::MessageDeleted(_) => "message.deleted",
            Self::MemberJoined(_) => "member.joined",
            Self::MemberRemoved(_) => "member.removed",
            Self::DocumentCreated(_) => "document.created",
            Self::DocumentChanged(_) => "document.changed",
        }
    }
}
