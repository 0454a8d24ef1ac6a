//! Events about a room itself.

use crate::domain::{EventKind, Room, RoomEvent, Subject, Timestamp, UserRef};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::log::append::{append, next_seq};

/// Writes an event that carries the room itself.
pub(in crate::store) fn record(
    connection: &mut DbConnection,
    mut room: Room,
    actor: &UserRef,
    at: Timestamp,
    kind: EventKind,
) -> Result<RoomEvent, StoreError> {
    let (room_id, seq) = (room.id, next_seq(connection, room.id)?);
    room.last_seq = seq;
    let event = RoomEvent { room_id, seq, created_at: at, actor: actor.clone(), kind, subject: Subject::Room(room) };
    append(connection, &event)?;
    Ok(event)
}
