//! Short events that are in no room's log: they tell clients what to read.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{RoomId, Seq};

/// `room.joined` and `room.left`: `{"room_id":1}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomNotice)]
pub struct RoomNoticePayload {
    /// The room.
    pub room_id: RoomId,
}

/// `room.read`, on the person's other devices: `{"room_id":1,"read_number":28,"unread":2,"message_count":30,"last_seq":42}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomRead)]
pub struct RoomReadPayload {
    /// The room.
    pub room_id: RoomId,
    /// The number of the last message read.
    pub read_number: i64,
    /// How many after it count as unread.
    pub unread: i64,
    /// How many messages the room had then: a client that knows of more counts those besides.
    pub message_count: i64,
    /// How far the room's log reached then.
    pub last_seq: Seq,
}

/// `room.head`, how far a room's log reaches: `{"room_id":1,"seq":42}`. Who has less reads the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomHead)]
pub struct RoomHeadPayload {
    /// The room.
    pub room_id: RoomId,
    /// The last event.
    pub seq: Seq,
}

/// `resync`, on the event stream: the cursor is too far behind, so read the room's history anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Resync)]
pub struct ResyncPayload {
    /// The room.
    pub room_id: RoomId,
    /// The last event.
    pub head: Seq,
}
