//! The request for the last numbers of rooms, which a node sends to a node with a database after events may have been lost.

use std::time::Duration;

use crate::domain::RoomId;

/// A request for the heads of rooms whose events may have been lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadsRequest {
    /// Of these rooms: a node with sockets was disconnected.
    Rooms(Vec<RoomId>),
    /// Of the rooms that have changed within this time: a node that publishes was disconnected.
    Since(Duration),
}
