//! Deleting rooms: at once for people, and then row by row.
//!
//! A deleted room has no members, no name and no topic. What was written in it is removed by a job, in small changes between the
//! posts, as retention removes what is old. The room's row and the last entry of its log stay.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::domain::{DocumentId, EventKind, Room, RoomEvent, RoomId, Timestamp, UserId, UserRef};
use crate::store::documents::rows::document_ids_of_room;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{document_versions, documents, memberships, rooms};
use crate::store::jobs::hosts::HostJobs;
use crate::store::jobs::queue::run_now;
use crate::store::jobs::task::Task;
use crate::store::log::retention::trim;
use crate::store::people::rows::require_administrator;
use crate::store::{Store, StoreError};

use super::access::{lock_room, room_for};
use super::members::member_ids;
use super::record::record;

/// A room was deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomDeletion {
    /// The `room.deleted` to be dispatched, with a room that has no name any more.
    pub event: RoomEvent,
    /// The name that it had.
    pub name: String,
    /// Who was a member.
    pub members: Vec<UserId>,
    /// Its documents, whose channels the members are to be unsubscribed from.
    pub document_ids: Vec<DocumentId>,
}

impl Store {
    /// Deletes a room with all that was written in it; for administrators.
    ///
    /// # Errors
    /// [`Refusal::AdministratorsOnly`](crate::domain::Refusal::AdministratorsOnly),
    /// [`Refusal::RoomNotFound`](crate::domain::Refusal::RoomNotFound).
    pub async fn delete_room(&self, actor: UserId, id: RoomId) -> Result<RoomDeletion, StoreError> {
        self.write_for(actor, move |connection| delete(connection, actor, id)).await
    }

    /// Deleted rooms of which something is left.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn rooms_to_empty(&self) -> Result<Vec<RoomId>, StoreError> {
        self.read(move |connection| {
            let has_log = rooms::log_floor.lt(rooms::last_seq - 1);
            let has_documents = exists(documents::table.filter(documents::room_id.eq(rooms::id)));
            let ids: Vec<i64> = rooms::table
                .filter(rooms::deleted_at.is_not_null().and(has_log.or(has_documents)))
                .order(rooms::id)
                .select(rooms::id)
                .load(connection)?;
            Ok(ids.into_iter().map(RoomId).collect())
        })
        .await
    }

    /// Removes entries of a deleted room's log, the oldest first and at most `limit`, and the messages and files that they
    /// are about; with the last of them the documents. Returns how many entries.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn empty_room(&self, room: RoomId, limit: i64) -> Result<usize, StoreError> {
        self.write(move |connection| Ok(empty(connection, room, limit)?)).await
    }
}

fn delete(connection: &mut DbConnection, by: UserId, id: RoomId) -> Result<RoomDeletion, StoreError> {
    lock_room(connection, id)?;
    let administrator = require_administrator(connection, by)?;
    let room = room_for(connection, by, id)?.room;
    let (members, document_ids) = (member_ids(connection, id)?, document_ids_of_room(connection, id)?);
    let (now, name) = (Timestamp::now(), room.name.clone());
    let emptied = Room { name: String::new(), topic: String::new(), is_default: false, ..room };
    // Before the memberships go, for a webhook is called with what its maker may read.
    let event = record(connection, emptied, &UserRef::from(&administrator), now, EventKind::RoomDeleted)?;
    diesel::delete(memberships::table.filter(memberships::room_id.eq(id.0))).execute(connection)?;
    diesel::update(rooms::table.find(id.0))
        .set((rooms::name.eq(""), rooms::topic.eq(""), rooms::is_default.eq(false), rooms::deleted_at.eq(now.0)))
        .execute(connection)?;
    run_now(connection, Task::RemoveOldMessages, HostJobs::NO_HOST)?;
    Ok(RoomDeletion { event, name, members, document_ids })
}

fn empty(connection: &mut DbConnection, room: RoomId, limit: i64) -> QueryResult<usize> {
    lock_room(connection, room)?;
    let deleted = rooms::table.find(room.0).filter(rooms::deleted_at.is_not_null());
    let Some(last): Option<i64> = deleted.select(rooms::last_seq).first(connection).optional()? else { return Ok(0) };
    let removed = trim(connection, room, limit, |seq, _| seq < last)?;
    if i64::try_from(removed).is_ok_and(|removed| removed < limit) {
        let of_room = documents::table.filter(documents::room_id.eq(room.0)).select(documents::id);
        let ids: Vec<i64> = of_room.load(connection)?;
        diesel::delete(document_versions::table.filter(document_versions::document_id.eq_any(&ids)))
            .execute(connection)?;
        diesel::delete(documents::table.filter(documents::id.eq_any(&ids))).execute(connection)?;
    }
    Ok(removed)
}
