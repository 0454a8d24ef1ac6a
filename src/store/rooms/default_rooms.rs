//! Default rooms: every new person joins them.

use diesel::prelude::*;

use crate::domain::{RoomEvent, RoomId, Timestamp, UserRef};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::rooms;

use super::access::{lock_room, room_for};
use super::members::add_membership;

/// Adds a new person to the default rooms; part of the transaction that makes the account. Returns the events to be dispatched.
pub(in crate::store) fn join_default_rooms(
    connection: &mut DbConnection,
    person: &UserRef,
    at: Timestamp,
) -> Result<Vec<RoomEvent>, StoreError> {
    let defaults = rooms::table.filter(rooms::is_default.eq(true).and(rooms::deleted_at.is_null()));
    // In the order of ids, in which posts lock rooms too.
    let ids: Vec<i64> = defaults.order(rooms::id).select(rooms::id).load(connection)?;
    let mut events = Vec::with_capacity(ids.len());
    for id in ids.into_iter().map(RoomId) {
        lock_room(connection, id)?;
        // Somebody may have changed or deleted it before it was locked.
        let view = match room_for(connection, person.id, id) {
            Ok(view) => view,
            Err(StoreError::Refused(_)) => continue,
            Err(error) => return Err(error),
        };
        if view.room.is_default && view.membership.is_none() {
            events.push(add_membership(connection, &view.room, person, person.clone(), at)?);
        }
    }
    Ok(events)
}
