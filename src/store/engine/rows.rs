//! Rows as they are stored, and how they become domain values. No row leaves the store.

use diesel::prelude::*;

use crate::domain::{
    Author, Membership, Message, MessageId, PersonName, RetentionDays, Role, Room, RoomId, RoomKind, Seq, Timestamp,
    User, UserId, Username,
};

use crate::store::StoreError;
use crate::store::engine::connection::MultiBackend;
use crate::store::engine::schema::{events, memberships, messages, rooms, users};

/// A person, without the password's hash.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(MultiBackend))]
pub(in crate::store) struct UserRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) username: String,
    pub(in crate::store) name: String,
    pub(in crate::store) role: String,
    pub(in crate::store) created_at: i64,
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
pub(in crate::store) struct AuthorRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) username: String,
    pub(in crate::store) name: String,
}

impl From<AuthorRow> for Author {
    fn from(row: AuthorRow) -> Self {
        Self { id: UserId(row.id), username: row.username, name: row.name }
    }
}

/// A room.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = rooms, check_for_backend(MultiBackend))]
pub(in crate::store) struct RoomRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) kind: String,
    pub(in crate::store) name: String,
    pub(in crate::store) topic: String,
    pub(in crate::store) created_by: i64,
    pub(in crate::store) created_at: i64,
    pub(in crate::store) last_seq: i64,
    pub(in crate::store) message_count: i64,
    pub(in crate::store) retention_days: Option<i64>,
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
pub(in crate::store) struct MembershipRow {
    pub(in crate::store) read_number: i64,
    pub(in crate::store) joined_seq: i64,
    pub(in crate::store) joined_at: i64,
}

impl From<MembershipRow> for Membership {
    fn from(row: MembershipRow) -> Self {
        Self { read_number: row.read_number, joined_seq: Seq(row.joined_seq), joined_at: Timestamp(row.joined_at) }
    }
}

/// A message.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(MultiBackend))]
pub(in crate::store) struct MessageRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) room_id: i64,
    pub(in crate::store) seq: i64,
    pub(in crate::store) number: i64,
    pub(in crate::store) author_id: i64,
    pub(in crate::store) body: String,
    pub(in crate::store) html: String,
    pub(in crate::store) client_id: Option<String>,
    pub(in crate::store) created_at: i64,
    pub(in crate::store) edited_at: Option<i64>,
    pub(in crate::store) deleted_at: Option<i64>,
}

impl MessageRow {
    /// The message, written by `author`; its files are attached by [`attach_files`](crate::store::files::attach_files).
    pub(in crate::store) fn by(self, author: Author) -> Message {
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
pub(in crate::store) struct EventRow {
    pub(in crate::store) seq: i64,
    pub(in crate::store) kind: String,
    pub(in crate::store) actor_id: i64,
    pub(in crate::store) member_id: Option<i64>,
    pub(in crate::store) data: Option<String>,
    pub(in crate::store) created_at: i64,
    pub(in crate::store) document_id: Option<i64>,
}

/// Says which row cannot have been written by this program.
pub(in crate::store) fn damaged(table: &str, id: i64, column: &str) -> StoreError {
    StoreError::Internal(format!("{table}.{column} of row {id} has an unknown value"))
}
