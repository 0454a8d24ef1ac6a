//! Who may see a room and who may change it: checked at the beginning of every read and of every change.

use diesel::prelude::*;

use crate::domain::{Membership, Refusal, Role, Room, RoomId, RoomKind, User, UserId};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, rooms};
use crate::store::people::rows::require_user;

use super::rows::{MembershipRow, RoomRow};

/// A room as one person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// The person's membership; `None` for an open room that the person has not joined.
    pub membership: Option<Membership>,
}

/// The room as `viewer` sees it. A closed room of which `viewer` is no member is reported as not found.
pub(in crate::store) fn visible_room(
    connection: &mut DbConnection,
    viewer: UserId,
    id: RoomId,
) -> Result<RoomView, StoreError> {
    let view = any_room(connection, viewer, id)?;
    if view.membership.is_none() && view.room.kind != RoomKind::Open {
        return Err(StoreError::Refused(Refusal::RoomNotFound));
    }
    Ok(view)
}

/// The room with `viewer`'s place in it, whether or not it may be seen.
fn any_room(connection: &mut DbConnection, viewer: UserId, id: RoomId) -> Result<RoomView, StoreError> {
    let place = memberships::room_id.eq(rooms::id).and(memberships::user_id.eq(viewer.0));
    let (room, membership): (RoomRow, Option<MembershipRow>) = rooms::table
        .left_join(memberships::table.on(place))
        .filter(rooms::id.eq(id.0).and(rooms::deleted_at.is_null()))
        .select((RoomRow::as_select(), Option::<MembershipRow>::as_select()))
        .first(connection)
        .optional()?
        .ok_or(StoreError::Refused(Refusal::RoomNotFound))?;
    Ok(RoomView { room: Room::try_from(room)?, membership: membership.map(Membership::from) })
}

/// The room as `viewer` sees it, who must be a member.
pub(in crate::store) fn require_membership(
    connection: &mut DbConnection,
    viewer: UserId,
    id: RoomId,
) -> Result<RoomView, StoreError> {
    let view = visible_room(connection, viewer, id)?;
    if view.membership.is_none() {
        return Err(StoreError::Refused(Refusal::NotAMember));
    }
    Ok(view)
}

/// The room as `viewer` sees it, who must be a member and may write in it.
///
/// # Errors
/// [`Refusal::RoomArchived`] besides those of [`require_membership`].
pub(in crate::store) fn require_writing(
    connection: &mut DbConnection,
    viewer: UserId,
    id: RoomId,
) -> Result<RoomView, StoreError> {
    let view = require_membership(connection, viewer, id)?;
    match view.room.archived_at {
        Some(_) => Err(StoreError::Refused(Refusal::RoomArchived)),
        None => Ok(view),
    }
}

/// The room for somebody who wants to manage it, and who that is: an administrator, or whoever has the maker's rights and
/// is a member.
pub(in crate::store) fn require_management(
    connection: &mut DbConnection,
    by: UserId,
    id: RoomId,
) -> Result<(RoomView, User), StoreError> {
    let person = require_user(connection, by)?;
    if person.role == Role::Administrator {
        return Ok((any_room(connection, by, id)?, person));
    }
    let view = require_membership(connection, by, id)?;
    match view.room.created_by == Some(by) {
        true => Ok((view, person)),
        false => Err(StoreError::Refused(Refusal::NotAllowed)),
    }
}

/// The room as an administrator sees it, closed ones too; for others as [`visible_room`].
pub(in crate::store) fn room_for(
    connection: &mut DbConnection,
    viewer: UserId,
    id: RoomId,
) -> Result<RoomView, StoreError> {
    match require_user(connection, viewer)?.role {
        Role::Administrator => any_room(connection, viewer, id),
        Role::Member => visible_room(connection, viewer, id),
    }
}

/// Locks a room against other writers until the transaction ends; the first statement of every change of a room. What
/// is read after it cannot change before the commit, and `seq` numbers are in the order of commits.
///
/// On SQLite the transaction already excludes other writers. On Postgres the room's row is locked. It has to be a
/// separate statement: only a later statement sees what the previous holder of the lock has committed.
pub(in crate::store) fn lock_room(connection: &mut DbConnection, id: RoomId) -> QueryResult<()> {
    match connection {
        DbConnection::Sqlite(_) => Ok(()),
        DbConnection::Postgres(postgres) => {
            let locked = rooms::table.find(id.0).select(rooms::id).for_no_key_update();
            locked.first::<i64>(postgres).optional().map(drop)
        }
    }
}
