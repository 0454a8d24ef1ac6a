//! Who may see a room and who may change it: asked at the beginning of every read and of every change.

use diesel::prelude::*;

use crate::domain::{Membership, Refusal, Role, Room, RoomId, RoomKind, User, UserId};

use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, rooms};
use crate::store::rooms::rows::{MembershipRow, RoomRow};

/// A room as one person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// The person's place in it; `None` for an open room that the person has not joined.
    pub membership: Option<Membership>,
}

/// The room as `viewer` sees it. A closed room of others answers exactly like one that does not exist.
pub(in crate::store) fn see_room(
    connection: &mut DbConnection,
    viewer: UserId,
    id: RoomId,
) -> Result<RoomView, StoreError> {
    let place = memberships::room_id.eq(rooms::id).and(memberships::user_id.eq(viewer.0));
    let (room, membership): (RoomRow, Option<MembershipRow>) = rooms::table
        .left_join(memberships::table.on(place))
        .filter(rooms::id.eq(id.0))
        .select((RoomRow::as_select(), Option::<MembershipRow>::as_select()))
        .first(connection)
        .optional()?
        .ok_or(StoreError::Refused(Refusal::RoomNotFound))?;
    let view = RoomView { room: Room::try_from(room)?, membership: membership.map(Membership::from) };
    if view.membership.is_none() && view.room.kind != RoomKind::Open {
        return Err(StoreError::Refused(Refusal::RoomNotFound));
    }
    Ok(view)
}

/// The room as `viewer`, who must belong to it, sees it.
pub(in crate::store) fn enter_room(
    connection: &mut DbConnection,
    viewer: UserId,
    id: RoomId,
) -> Result<RoomView, StoreError> {
    let view = see_room(connection, viewer, id)?;
    if view.membership.is_none() {
        return Err(StoreError::Refused(Refusal::NotAMember));
    }
    Ok(view)
}

/// Keeps other writers out of the room until the transaction ends; the first statement of every change of a room. What
/// is read after it stays true, and places in the log are given in the order of commits.
///
/// On SQLite the transaction keeps out everybody anyway. On Postgres the room's row is locked; a later statement sees
/// what the previous holder of the lock did, the same statement would not.
pub(in crate::store) fn lock_room(connection: &mut DbConnection, id: RoomId) -> QueryResult<()> {
    match connection {
        DbConnection::Sqlite(_) => Ok(()),
        DbConnection::Postgres(postgres) => {
            let locked = rooms::table.find(id.0).select(rooms::id).for_no_key_update();
            locked.first::<i64>(postgres).optional().map(drop)
        }
    }
}

impl RoomView {
    /// Whether the person may rename the room and remove people from it.
    pub(in crate::store) fn is_run_by(&self, person: &User) -> bool {
        self.room.created_by == person.id || person.role == Role::Administrator
    }
}
