//! Listing, creating and joining rooms.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::domain::{
    AuditAction, EventKind, Membership, Refusal, Room, RoomEvent, RoomId, RoomKind, RoomName, RoomTopic, Seq,
    Timestamp, UserId, UserRef,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, rooms};
use crate::store::people::rows::{authors_by_id, require_administrator, require_user};
use crate::store::{AuditNote, Store, StoreError};

use super::access::{RoomView, lock_room, room_for, visible_room};
use super::members::add_membership;
use super::record::record;
use super::rows::{MembershipRow, RoomRow};

/// A room to be created.
#[derive(Debug, Clone)]
pub struct NewRoom {
    /// Its name.
    pub name: RoomName,
    /// Who may join.
    pub kind: RoomKind,
    /// What it is about.
    pub topic: RoomTopic,
    /// The first members, besides the creator.
    pub member_ids: Vec<UserId>,
}

/// Which rooms a list has besides those of the viewer and the open ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoomFilter {
    /// Closed rooms of others too, of which the viewer can read nothing without joining; for administrators.
    pub with_closed: bool,
    /// Archived rooms too.
    pub with_archived: bool,
}

impl Store {
    /// The person's rooms, then the others, each in the order of their names.
    ///
    /// # Errors
    /// [`Refusal::AdministratorsOnly`] when others ask for closed rooms that are not theirs.
    pub async fn rooms(&self, viewer: UserId, filter: RoomFilter) -> Result<Vec<RoomView>, StoreError> {
        self.read_snapshot(move |connection| {
            if filter.with_closed {
                require_administrator(connection, viewer)?;
            }
            room_views(connection, viewer, filter)
        })
        .await
    }

    /// One room.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], also for a closed room that `viewer` does not belong to, unless `viewer` is an administrator.
    pub async fn room(&self, viewer: UserId, id: RoomId) -> Result<RoomView, StoreError> {
        self.read_snapshot(move |connection| room_for(connection, viewer, id)).await
    }

    /// Creates a room; its creator is the first member. The events are the room's first: `room.created`, then
    /// `member.joined` for the creator and for each of the others.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`] when one of the members does not exist.
    pub async fn create_room(&self, by: UserId, new: NewRoom) -> Result<(RoomView, Vec<RoomEvent>), StoreError> {
        self.write_for(by, move |connection| create(connection, by, &new)).await
    }

    /// Joins an open room; an administrator joins a closed one too. No event when the person belongs to it already.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], also for a closed room that the person does not belong to, unless they are an administrator.
    pub async fn join_room(&self, user: UserId, id: RoomId) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        self.write_with_trail(Some(user), move |connection, trail| {
            let (view, event) = join(connection, user, id)?;
            if event.is_some() && view.room.kind == RoomKind::Closed {
                let note = AuditNote::by(&require_user(connection, user)?).to(format_args!("room:{id}"));
                trail.record(connection, AuditAction::RoomEntered, note)?;
            }
            Ok((view, event))
        })
        .await
    }
}

fn room_views(connection: &mut DbConnection, user: UserId, filter: RoomFilter) -> Result<Vec<RoomView>, StoreError> {
    let place = memberships::room_id.eq(rooms::id).and(memberships::user_id.eq(user.0));
    let is_member = memberships::user_id.nullable().is_not_null();
    let rows: Vec<(RoomRow, Option<MembershipRow>)> = rooms::table
        .left_join(memberships::table.on(place))
        .filter(is_member.or(rooms::kind.eq(RoomKind::Open.name())).or(filter.with_closed.into_sql::<Bool>()))
        .filter(rooms::archived_at.is_null().or(filter.with_archived.into_sql::<Bool>()))
        .filter(rooms::deleted_at.is_null())
        .select((RoomRow::as_select(), Option::<MembershipRow>::as_select()))
        .load(connection)?;
    let views = rows.into_iter().map(|(room, membership)| {
        Ok(RoomView { room: Room::try_from(room)?, membership: membership.map(Membership::from) })
    });
    let mut views = views.collect::<Result<Vec<_>, StoreError>>()?;
    views.sort_by_cached_key(|view| (view.membership.is_none(), view.room.name.to_lowercase(), view.room.id));
    Ok(views)
}

fn create(connection: &mut DbConnection, by: UserId, new: &NewRoom) -> Result<(RoomView, Vec<RoomEvent>), StoreError> {
    let maker = UserRef::from(&require_user(connection, by)?);
    let mut invited: Vec<i64> = new.member_ids.iter().map(|id| id.0).filter(|id| *id != by.0).collect();
    invited.sort_unstable();
    invited.dedup();
    let people = authors_by_id(connection, invited.clone())?;
    if people.len() < invited.len() {
        return Err(StoreError::Refused(Refusal::UserNotFound));
    }
    let now = Timestamp::now();
    // The first room is the one in which everybody meets.
    let is_default = new.kind == RoomKind::Open && !has_rooms(connection)?;
    let mut room = Room {
        id: RoomId(0),
        kind: new.kind,
        name: new.name.to_string(),
        topic: new.topic.to_string(),
        created_by: Some(by),
        created_at: now,
        last_seq: Seq(0),
        message_count: 0,
        retention_days: None,
        next_retention: None,
        archived_at: None,
        is_default,
    };
    let id: i64 = diesel::insert_into(rooms::table)
        .values((
            rooms::kind.eq(room.kind.name()),
            rooms::name.eq(&room.name),
            rooms::topic.eq(&room.topic),
            rooms::created_by.eq(by.0),
            rooms::created_at.eq(now.0),
            rooms::last_seq.eq(0),
            rooms::message_count.eq(0),
            rooms::is_default.eq(room.is_default),
        ))
        .returning(rooms::id)
        .get_result(connection)?;
    room.id = RoomId(id);
    let mut events = vec![record(connection, room.clone(), &maker, now, EventKind::RoomCreated)?];
    for person in std::iter::once(maker.clone()).chain(people.into_iter().map(UserRef::from)) {
        events.push(add_membership(connection, &room, &maker, person, now)?);
    }
    Ok((visible_room(connection, by, room.id)?, events))
}

fn has_rooms(connection: &mut DbConnection) -> QueryResult<bool> {
    rooms::table.select(rooms::id).first::<i64>(connection).optional().map(|any| any.is_some())
}

fn join(connection: &mut DbConnection, user: UserId, id: RoomId) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
    lock_room(connection, id)?;
    let view = room_for(connection, user, id)?;
    if view.membership.is_some() {
        return Ok((view, None));
    }
    let person = UserRef::from(&require_user(connection, user)?);
    let event = add_membership(connection, &view.room, &person, person.clone(), Timestamp::now())?;
    Ok((visible_room(connection, user, id)?, Some(event)))
}
