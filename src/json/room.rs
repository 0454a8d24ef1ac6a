//! A room, and somebody's place in it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Membership, RetentionDays, Room, RoomId, RoomKind, Seq, Timestamp, UserId};

/// A room; in the HTTP API with the caller's membership beside these fields.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomFacts)]
pub struct RoomPayload<'a> {
    id: RoomId,
    #[schema(value_type = RoomKind)]
    kind: &'static str,
    name: &'a str,
    topic: &'a str,
    /// Who manages it; null when only administrators do.
    #[schema(required)]
    created_by: Option<UserId>,
    created_at: Timestamp,
    last_seq: Seq,
    message_count: i64,
    #[schema(required)]
    retention_days: Option<RetentionDays>,
    /// A shorter time that was decided and counts later; null when there is none.
    #[schema(required)]
    next_retention: Option<NextRetentionPayload>,
    /// Since when it is read-only; null when it is not.
    #[schema(required)]
    archived_at: Option<Timestamp>,
    /// Whether every new person joins it.
    is_default: bool,
}

/// How long a room will keep its messages, and from when on: `{"days":30,"at":"…"}`; `days` is null when the instance's
/// setting will count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NextRetention)]
pub(super) struct NextRetentionPayload {
    #[schema(required)]
    days: Option<RetentionDays>,
    at: Timestamp,
}

impl<'a> From<&'a Room> for RoomPayload<'a> {
    fn from(room: &'a Room) -> Self {
        Self {
            id: room.id,
            kind: room.kind.name(),
            name: &room.name,
            topic: &room.topic,
            created_by: room.created_by,
            created_at: room.created_at,
            last_seq: room.last_seq,
            message_count: room.message_count,
            retention_days: room.retention_days,
            next_retention: room.next_retention.map(|next| NextRetentionPayload { days: next.days, at: next.at }),
            archived_at: room.archived_at,
            is_default: room.is_default,
        }
    }
}

/// The caller's place in a room: `{"read_number":28,"unread":2,"joined_at":"…"}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Membership)]
pub struct MembershipPayload {
    read_number: i64,
    unread: i64,
    joined_at: Timestamp,
}

impl MembershipPayload {
    /// The membership of somebody in `room`.
    #[must_use]
    pub const fn new(room: &Room, membership: &Membership) -> Self {
        Self { read_number: membership.read_number, unread: membership.unread(room), joined_at: membership.joined_at }
    }
}
