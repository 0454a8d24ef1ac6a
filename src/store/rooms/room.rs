//! Listing, creating, changing and joining rooms.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::domain::{
    EventKind, Membership, NextRetention, Refusal, RetentionDays, RetentionRules, Role, Room, RoomEvent, RoomId,
    RoomKind, RoomName, RoomTopic, Seq, Timestamp, User, UserId, UserRef,
};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, rooms};
use crate::store::jobs::hosts::HostJobs;
use crate::store::jobs::queue::run_now;
use crate::store::jobs::task::Task;
use crate::store::people::rows::{authors_by_id, require_administrator, require_user};
use crate::store::{Store, StoreError};

use super::access::{RoomView, lock_room, require_management, room_for, visible_room};
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
        self.read(move |connection| room_views(connection, user, false)).await
    }

    /// All rooms, for administrators: closed ones too, of which they can read nothing without joining.
    ///
    /// # Errors
    /// [`Refusal::AdministratorsOnly`].
    pub async fn all_rooms(&self, viewer: UserId) -> Result<Vec<RoomView>, StoreError> {
        self.read_snapshot(move |connection| {
            require_administrator(connection, viewer)?;
            room_views(connection, viewer, true)
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

    /// Changes a room's name, topic or retention. No event when nothing was changed. A shorter retention counts after the
    /// delay of `rules`.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`]; [`Refusal::NotAllowed`] unless `actor` manages the room or is an
    /// administrator; [`Refusal::AdministratorsOnly`] for a shorter retention.
    pub async fn change_room(
        &self,
        actor: UserId,
        id: RoomId,
        change: RoomChange,
        rules: RetentionRules,
    ) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        self.write_for(actor, move |connection| change_room(connection, actor, id, &change, rules)).await
    }

    /// Joins an open room; an administrator joins a closed one too. No event when the person belongs to it already.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], also for a closed room that the person does not belong to, unless they are an administrator.
    pub async fn join_room(&self, user: UserId, id: RoomId) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        self.write_for(user, move |connection| join(connection, user, id)).await
    }
}

fn room_views(connection: &mut DbConnection, user: UserId, with_closed: bool) -> Result<Vec<RoomView>, StoreError> {
    let place = memberships::room_id.eq(rooms::id).and(memberships::user_id.eq(user.0));
    let is_member = memberships::user_id.nullable().is_not_null();
    let rows: Vec<(RoomRow, Option<MembershipRow>)> = rooms::table
        .left_join(memberships::table.on(place))
        .filter(is_member.or(rooms::kind.eq(RoomKind::Open.name())).or(with_closed.into_sql::<Bool>()))
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
    for person in std::iter::once(maker.clone()).chain(people.into_iter().map(UserRef::from)) {
        events.push(add_membership(connection, &room, &maker, person, now)?);
    }
    Ok((visible_room(connection, by, room.id)?, events))
}

fn change_room(
    connection: &mut DbConnection,
    by: UserId,
    id: RoomId,
    change: &RoomChange,
    rules: RetentionRules,
) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
    lock_room(connection, id)?;
    let (mut view, person) = require_management(connection, by, id)?;
    let mut room = view.room.clone();
    if let Some(name) = &change.name {
        room.name = name.to_string();
    }
    if let Some(topic) = &change.topic {
        room.topic = topic.to_string();
    }
    if let Some(days) = change.retention_days {
        change_retention(&mut room, days, &person, rules)?;
    }
    if room == view.room {
        return Ok((view, None));
    }
    let days = |days: Option<RetentionDays>| days.map(|days| i64::from(days.get()));
    diesel::update(rooms::table.find(id.0))
        .set((
            rooms::name.eq(&room.name),
            rooms::topic.eq(&room.topic),
            rooms::retention_days.eq(days(room.retention_days)),
            rooms::next_retention_days.eq(days(room.next_retention.and_then(|next| next.days))),
            rooms::retention_changes_at.eq(room.next_retention.map(|next| next.at.0)),
        ))
        .execute(connection)?;
    if room.retention_days != view.room.retention_days {
        run_now(connection, Task::RemoveOldMessages, HostJobs::NO_HOST)?;
    }
    let event = record(connection, room.clone(), &UserRef::from(&person), Timestamp::now(), EventKind::RoomChanged)?;
    view.room = Room { last_seq: event.seq, ..room };
    Ok((view, Some(event)))
}

/// A longer time counts at once and calls off a shorter one that waits. A shorter one is for administrators, and waits.
fn change_retention(
    room: &mut Room,
    days: Option<RetentionDays>,
    by: &User,
    rules: RetentionRules,
) -> Result<(), StoreError> {
    if room.next_retention.is_some_and(|next| next.days == days) {
        return Ok(());
    }
    if !rules.is_shorter(days, room.retention_days) {
        (room.retention_days, room.next_retention) = (days, None);
        return Ok(());
    }
    if by.role != Role::Administrator {
        return Err(StoreError::Refused(Refusal::AdministratorsOnly));
    }
    match rules.delay {
        Duration::ZERO => (room.retention_days, room.next_retention) = (days, None),
        delay => room.next_retention = Some(NextRetention { days, at: Timestamp::now().after(delay) }),
    }
    Ok(())
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
