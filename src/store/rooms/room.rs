//! Listing, creating, changing and joining rooms.

use diesel::prelude::*;

use crate::domain::{
    Author, EventKind, Membership, Refusal, RetentionDays, Room, RoomEvent, RoomId, RoomKind, RoomName, RoomTopic, Seq,
    Subject, Timestamp, UserId,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, rooms};
use crate::store::jobs::hosts::HostJobs;
use crate::store::jobs::queue::run_now;
use crate::store::jobs::task::Task;
use crate::store::log::append::{append, next_seq};
use crate::store::people::rows::{authors_by_id, require_user};
use crate::store::{Store, StoreError};

use super::access::{RoomView, lock_room, visible_room};
use super::members::add_membership;
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

/// Changes of a room; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct RoomChange {
    /// The new name.
    pub name: Option<RoomName>,
    /// The new topic.
    pub topic: Option<RoomTopic>,
    /// How long messages are to be kept; `Some(None)`: as long as the setting of the instance says.
    pub retention_days: Option<Option<RetentionDays>>,
}

impl Store {
    /// The person's rooms, then the open ones to join, each in the order of their names.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomView>, StoreError> {
        self.read(move |connection| rooms_of(connection, user)).await
    }

    /// One room.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], also for a closed room that `viewer` does not belong to.
    pub async fn room(&self, viewer: UserId, id: RoomId) -> Result<RoomView, StoreError> {
        self.read(move |connection| visible_room(connection, viewer, id)).await
    }

    /// Creates a room; its creator is the first member. The events are the room's first: `room.created`, then
    /// `member.joined` for the creator and for each of the others.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`] when one of the members does not exist.
    pub async fn create_room(&self, by: UserId, new: NewRoom) -> Result<(RoomView, Vec<RoomEvent>), StoreError> {
        self.write_for(by, move |connection| create(connection, by, &new)).await
    }

    /// Changes a room's name, topic or retention. No event when nothing was changed.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAllowed`] unless `actor` made the room or is an administrator.
    pub async fn change_room(
        &self,
        actor: UserId,
        id: RoomId,
        change: RoomChange,
    ) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        self.write_for(actor, move |connection| change_room(connection, actor, id, &change)).await
    }

    /// Joins an open room. No event when the person belongs to it already.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], also for a closed room that the person does not belong to.
    pub async fn join_room(&self, user: UserId, id: RoomId) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        self.write_for(user, move |connection| join(connection, user, id)).await
    }
}

fn rooms_of(connection: &mut DbConnection, user: UserId) -> Result<Vec<RoomView>, StoreError> {
    let place = memberships::room_id.eq(rooms::id).and(memberships::user_id.eq(user.0));
    let is_member = memberships::user_id.nullable().is_not_null();
    let rows: Vec<(RoomRow, Option<MembershipRow>)> = rooms::table
        .left_join(memberships::table.on(place))
        .filter(is_member.or(rooms::kind.eq(RoomKind::Open.name())))
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
    let maker = Author::from(&require_user(connection, by)?);
    let mut invited: Vec<i64> = new.member_ids.iter().map(|id| id.0).filter(|id| *id != by.0).collect();
    invited.sort_unstable();
    invited.dedup();
    let people = authors_by_id(connection, invited.clone())?;
    if people.len() < invited.len() {
        return Err(StoreError::Refused(Refusal::UserNotFound));
    }
    let now = Timestamp::now();
    let mut room = Room {
        id: RoomId(0),
        kind: new.kind,
        name: new.name.to_string(),
        topic: new.topic.to_string(),
        created_by: by,
        created_at: now,
        last_seq: Seq(0),
        message_count: 0,
        retention_days: None,
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
        ))
        .returning(rooms::id)
        .get_result(connection)?;
    room.id = RoomId(id);
    let mut events = vec![record(connection, room.clone(), &maker, now, EventKind::RoomCreated)?];
    for person in std::iter::once(maker.clone()).chain(people.into_iter().map(Author::from)) {
        events.push(add_membership(connection, &room, &maker, person, now)?);
    }
    Ok((visible_room(connection, by, room.id)?, events))
}

fn change_room(
    connection: &mut DbConnection,
    by: UserId,
    id: RoomId,
    change: &RoomChange,
) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
    lock_room(connection, id)?;
    let mut view = visible_room(connection, by, id)?;
    let person = require_user(connection, by)?;
    if !view.is_managed_by(&person) {
        return Err(StoreError::Refused(Refusal::NotAllowed));
    }
    let mut room = view.room.clone();
    if let Some(name) = &change.name {
        room.name = name.to_string();
    }
    if let Some(topic) = &change.topic {
        room.topic = topic.to_string();
    }
    if let Some(days) = change.retention_days {
        room.retention_days = days;
    }
    if room == view.room {
        return Ok((view, None));
    }
    let days = room.retention_days.map(|days| i64::from(days.get()));
    diesel::update(rooms::table.find(id.0))
        .set((rooms::name.eq(&room.name), rooms::topic.eq(&room.topic), rooms::retention_days.eq(days)))
        .execute(connection)?;
    if room.retention_days != view.room.retention_days {
        run_now(connection, Task::RemoveOldMessages, HostJobs::NO_HOST)?;
    }
    let event = record(connection, room.clone(), &Author::from(&person), Timestamp::now(), EventKind::RoomChanged)?;
    view.room = Room { last_seq: event.seq, ..room };
    Ok((view, Some(event)))
}

fn join(connection: &mut DbConnection, user: UserId, id: RoomId) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
    lock_room(connection, id)?;
    let view = visible_room(connection, user, id)?;
    if view.membership.is_some() {
        return Ok((view, None));
    }
    let person = Author::from(&require_user(connection, user)?);
    let event = add_membership(connection, &view.room, &person, person.clone(), Timestamp::now())?;
    Ok((visible_room(connection, user, id)?, Some(event)))
}

/// Writes an event that carries the room itself.
fn record(
    connection: &mut DbConnection,
    mut room: Room,
    actor: &Author,
    at: Timestamp,
    kind: EventKind,
) -> Result<RoomEvent, StoreError> {
    let (room_id, seq) = (room.id, next_seq(connection, room.id)?);
    room.last_seq = seq;
    let event = RoomEvent { room_id, seq, created_at: at, actor: actor.clone(), kind, subject: Subject::Room(room) };
    append(connection, &event)?;
    Ok(event)
}
