//! Rows of rooms and of memberships.

use diesel::prelude::*;

use crate::domain::{Membership, NextRetention, RetentionDays, Room, RoomId, RoomKind, Seq, Timestamp, UserId};
use crate::store::StoreError;
use crate::store::engine::connection::MultiBackend;
use crate::store::engine::error::damaged;
use crate::store::engine::schema::{memberships, rooms};

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
    pub(in crate::store) next_retention_days: Option<i64>,
    pub(in crate::store) retention_changes_at: Option<i64>,
    pub(in crate::store) archived_at: Option<i64>,
    pub(in crate::store) is_default: bool,
    pub(in crate::store) is_unmanaged: bool,
}

impl TryFrom<RoomRow> for Room {
    type Error = StoreError;

    fn try_from(row: RoomRow) -> Result<Self, StoreError> {
        let days = |days: Option<i64>| days.and_then(|days| RetentionDays::parse(days).ok());
        let (next_days, next_at) = (row.next_retention_days, row.retention_changes_at);
        let (retention_days, next_at) = current_retention(row.retention_days, next_days, next_at, Timestamp::now());
        Ok(Self {
            id: RoomId(row.id),
            kind: RoomKind::from_name(&row.kind).ok_or_else(|| damaged("rooms", row.id, "kind"))?,
            name: row.name,
            topic: row.topic,
            created_by: (!row.is_unmanaged).then_some(UserId(row.created_by)),
            created_at: Timestamp(row.created_at),
            last_seq: Seq(row.last_seq),
            message_count: row.message_count,
            retention_days: days(retention_days),
            next_retention: next_at.map(|at| NextRetention { days: days(next_days), at: Timestamp(at) }),
            archived_at: row.archived_at.map(Timestamp),
            is_default: row.is_default,
        })
    }
}

/// What counts at `now`, and when that changes: a change whose time has come counts without anybody storing it again.
pub(in crate::store) fn current_retention(
    days: Option<i64>,
    next_days: Option<i64>,
    changes_at: Option<i64>,
    now: Timestamp,
) -> (Option<i64>, Option<i64>) {
    match changes_at {
        Some(at) if at <= now.0 => (next_days, None),
        later => (days, later),
    }
}

/// A membership.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = memberships, check_for_backend(MultiBackend))]
pub(in crate::store) struct MembershipRow {
    pub(in crate::store) read_number: i64,
    pub(in crate::store) joined_seq: i64,
    pub(in crate::store) joined_at: i64,
    pub(in crate::store) uncounted: i64,
}

impl From<MembershipRow> for Membership {
    fn from(row: MembershipRow) -> Self {
        Self {
            read_number: row.read_number,
            uncounted: row.uncounted,
            joined_seq: Seq(row.joined_seq),
            joined_at: Timestamp(row.joined_at),
        }
    }
}
