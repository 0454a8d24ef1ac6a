//! Changing a room: its name, its topic, how long it keeps messages, whether it is archived and whether new people join it.

use std::time::Duration;

use diesel::prelude::*;

use crate::domain::{
    DocumentId, EventKind, NextRetention, Refusal, RetentionDays, RetentionRules, Role, Room, RoomEvent, RoomId,
    RoomKind, RoomName, RoomTopic, Timestamp, User, UserId, UserRef,
};
use crate::store::documents::rows::document_ids_of_room;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::rooms;
use crate::store::jobs::hosts::HostJobs;
use crate::store::jobs::queue::run_now;
use crate::store::jobs::task::Task;
use crate::store::{Store, StoreError};

use super::access::{RoomView, lock_room, require_management};
use super::members::member_ids;
use super::record::record;

/// Changes of a room; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct RoomChange {
    /// The new name.
    pub name: Option<RoomName>,
    /// The new topic.
    pub topic: Option<RoomTopic>,
    /// How long messages are to be kept; `Some(None)`: as long as the setting of the instance says.
    pub retention_days: Option<Option<RetentionDays>>,
    /// Whether it is archived: read-only, and not in the list.
    pub is_archived: Option<bool>,
    /// Whether every new person joins it.
    pub is_default: Option<bool>,
}

impl Store {
    /// Changes a room's name, topic or retention, archives it or takes it out of the archive, or says whether new people join
    /// it. A room that is archived is a default room no more. No event when nothing was changed. A shorter retention counts after the
    /// delay of `rules`.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`]; [`Refusal::NotAllowed`] unless `actor` manages the room or is an
    /// administrator; [`Refusal::AdministratorsOnly`] for a shorter retention, and for what new people join;
    /// [`Refusal::InvalidDefaultRoom`] for a closed or an archived room.
    pub async fn change_room(
        &self,
        actor: UserId,
        id: RoomId,
        change: RoomChange,
        rules: RetentionRules,
    ) -> Result<(RoomView, Option<RoomEvent>), StoreError> {
        self.write_for(actor, move |connection| change_room(connection, actor, id, &change, rules)).await
    }

    /// The documents of a room and its members: who is to be unsubscribed from which channel when the room is archived.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn documents_and_members(&self, room: RoomId) -> Result<(Vec<DocumentId>, Vec<UserId>), StoreError> {
        self.read_snapshot(move |connection| {
            Ok((document_ids_of_room(connection, room)?, member_ids(connection, room)?))
        })
        .await
    }
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
    match change.is_archived {
        Some(true) if room.archived_at.is_none() => {
            (room.archived_at, room.is_default) = (Some(Timestamp::now()), false)
        }
        Some(false) => room.archived_at = None,
        Some(true) | None => {}
    }
    if let Some(is_default) = change.is_default.filter(|is_default| *is_default != view.room.is_default) {
        change_default(&mut room, is_default, &person)?;
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
            rooms::archived_at.eq(room.archived_at.map(|time| time.0)),
            rooms::is_default.eq(room.is_default),
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

/// For administrators: it decides what people see who are not there yet.
fn change_default(room: &mut Room, is_default: bool, by: &User) -> Result<(), StoreError> {
    if by.role != Role::Administrator {
        return Err(StoreError::Refused(Refusal::AdministratorsOnly));
    }
    if is_default && (room.kind != RoomKind::Open || room.archived_at.is_some()) {
        return Err(StoreError::Refused(Refusal::InvalidDefaultRoom));
    }
    room.is_default = is_default;
    Ok(())
}
