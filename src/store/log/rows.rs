//! The rows of the table `events`.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::{MessageId, Reaction, ReactionEmoji, Room, Seq, UserRef};
use crate::store::StoreError;
use crate::store::engine::connection::MultiBackend;
use crate::store::engine::schema::events;

/// An entry of a room's log.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events, check_for_backend(MultiBackend))]
pub(in crate::store) struct EventRow {
    pub(in crate::store) seq: i64,
    pub(in crate::store) kind: String,
    pub(in crate::store) actor_id: i64,
    pub(in crate::store) member_id: Option<i64>,
    pub(in crate::store) data: Option<String>,
    pub(in crate::store) created_at: i64,
    pub(in crate::store) document_id: Option<i64>,
}

/// What an entry stores of a room, as JSON, because the room may change later.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RoomData {
    name: String,
    topic: String,
    message_count: i64,
}

impl RoomData {
    pub(super) fn of(room: &Room) -> Self {
        Self { name: room.name.clone(), topic: room.topic.clone(), message_count: room.message_count }
    }

    pub(super) fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Internal(error.to_string()))
    }

    /// The room as it was at `seq`.
    pub(super) fn restore(self, room: &Room, seq: Seq) -> Room {
        let Self { name, topic, message_count } = self;
        Room { name, topic, message_count, last_seq: seq, ..room.clone() }
    }
}

/// What an entry stores of a reaction, as JSON. The message stands here and not in `events.message_id`, which would keep a
/// message as long as a reaction to it: retention counts from what its author did.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReactionData {
    message_id: i64,
    emoji: String,
}

impl ReactionData {
    pub(super) fn of(reaction: &Reaction) -> Self {
        Self { message_id: reaction.message_id.0, emoji: reaction.emoji.as_str().to_owned() }
    }

    pub(super) fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Internal(error.to_string()))
    }

    /// The reaction; its user is the entry's actor.
    pub(super) fn of_user(self, user: UserRef) -> Reaction {
        Reaction { message_id: MessageId(self.message_id), emoji: ReactionEmoji::stored(self.emoji), user }
    }
}
