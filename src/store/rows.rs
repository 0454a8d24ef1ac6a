//! Rows as they are stored, and how they become domain values. No row leaves the store.

use diesel::prelude::*;

use crate::domain::{
    Author, Membership, Message, MessageId, PersonName, RetentionDays, Role, Room, RoomId, RoomKind, Seq, Timestamp,
    User, UserId, Username,
};

use super::StoreError;
use super::connection::MultiBackend;
use super::schema::{events, memberships, messages, rooms, users};

/// A person, without the password's hash.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(MultiBackend))]
pub(super) struct UserRow {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) created_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            username: Username::stored(row.username),
            name: PersonName::stored(row.name),
            role: Role::from_name(&row.role).ok_or_else(|| damaged("users", row.id, "role"))?,
            created_at: Timestamp(row.created_at),
        })
    }
}

/// As much of a person as stands beside a message.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(MultiBackend))]
pub(super) struct AuthorRow {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) name: String,
}

impl From<AuthorRow> for Author {
    fn from(row: AuthorRow) -> Self {
        Self { id: UserId(row.id), username: row.username, name: row.name }
    }
}

/// A room.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = rooms, check_for_backend(MultiBackend))]
pub(super) struct RoomRow {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) topic: String,
    pub(super) created_by: i64,
    pub(super) created_at: i64,
    pub(super) last_seq: i64,
    pub(super) message_count: i64,
    pub(super) retention_days: Option<i64>,
}

impl TryFrom<RoomRow> for Room {
    type Error = StoreError;

    fn try_from(row: RoomRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: RoomId(row.id),
            kind: RoomKind::from_name(&row.kind).ok_or_else(|| damaged("rooms", row.id, "kind"))?,
            name: row.name,
            topic: row.topic,
            created_by: UserId(row.created_by),
            created_at: Timestamp(row.created_at),
            last_seq: Seq(row.last_seq),
            message_count: row.message_count,
            retention_days: row.retention_days.and_then(|days| RetentionDays::parse(days).ok()),
        })
    }
}

/// A person's place in a room.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = memberships, check_for_backend(MultiBackend))]
pub(super) struct MembershipRow {
    pub(super) read_number: i64,
    pub(super) joined_seq: i64,
    pub(super) joined_at: i64,
}

impl From<MembershipRow> for Membership {
    fn from(row: MembershipRow) -> Self {
        Self { read_number: row.read_number, joined_seq: Seq(row.joined_seq), joined_at: Timestamp(row.joined_at) }
    }
}

/// A message.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(MultiBackend))]
pub(super) struct MessageRow {
    pub(super) id: i64,
    pub(super) room_id: i64,
    pub(super) seq: i64,
    pub(super) number: i64,
    pub(super) author_id: i64,
    pub(super) body: String,
    pub(super) html: String,
    pub(super) client_id: Option<String>,
    pub(super) created_at: i64,
    pub(super) edited_at: Option<i64>,
    pub(super) deleted_at: Option<i64>,
}

impl MessageRow {
    /// The message, written by `author`; its files are attached by [`attach_files`](super::files::attach_files).
    pub(super) fn by(self, author: Author) -> Message {
        Message {
            id: MessageId(self.id),
            room_id: RoomId(self.room_id),
            seq: Seq(self.seq),
            number: self.number,
            author,
            body: self.body,
            html: self.html,
            client_id: self.client_id,
            created_at: Timestamp(self.created_at),
            edited_at: self.edited_at.map(Timestamp),
            deleted_at: self.deleted_at.map(Timestamp),
            files: Vec::new(),
        }
    }
}

/// An entry of a room's log.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events, check_for_backend(MultiBackend))]
pub(super) struct EventRow {
    pub(super) seq: i64,
    pub(super) kind: String,
    pub(super) actor_id: i64,
    pub(super) member_id: Option<i64>,
    pub(super) data: Option<String>,
    pub(super) created_at: i64,
    pub(super) document_id: Option<i64>,
}

/// Says which row cannot have been written by this program.
pub(super) fn damaged(table: &str, id: i64, column: &str) -> StoreError {
    StoreError::Internal(format!("{table}.{column} of row {id} has an unknown value"))
}
