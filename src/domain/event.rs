//! What happened in a room: the contract between the store, the bus and every client.

use super::{Author, Message, Room, RoomId, Seq, Timestamp};

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

/// What can happen in a room. A message is boxed because it dwarfs the other variants.
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
        }
    }
}
