//! Reading a room's log: how clients fetch what they missed.

use diesel::prelude::*;

use crate::domain::{Refusal, Room, RoomEvent, RoomId, Seq, UserId};

use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, rooms};
use crate::store::log::entries::entries_after;
use crate::store::rooms::access::enter_room;
use crate::store::rooms::rows::RoomRow;
use crate::store::{Store, StoreError};

/// What happened in a room after some point.
#[derive(Debug, Clone, PartialEq)]
pub struct CatchUp {
    /// The events, in order and without a gap.
    pub events: Vec<RoomEvent>,
    /// The log's head.
    pub head: Seq,
    /// Whether there are more between the last of these and the head.
    pub more: bool,
    /// Whether the point is too far behind, not kept any longer, or unknown to this log: read the history anew.
    pub resync: bool,
}

impl Store {
    /// A room's events after `after`, at most `limit`; none but the order to resync when that is more than `max_behind`
    /// behind the head, or before what the room still keeps.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn events_after(
        &self,
        viewer: UserId,
        room: RoomId,
        after: Seq,
        limit: i64,
        max_behind: i64,
    ) -> Result<CatchUp, StoreError> {
        self.read_snapshot(move |connection| {
            let room = enter_room(connection, viewer, room)?.room;
            catch_up(connection, &room, after, limit, max_behind)
        })
        .await
    }

    /// The same whoever looks: for many members that ask for the same at once, each of whom was
    /// [let in](Self::require_member) before.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`].
    pub async fn events_after_for_members(
        &self,
        room: RoomId,
        after: Seq,
        limit: i64,
        max_behind: i64,
    ) -> Result<CatchUp, StoreError> {
        self.read_snapshot(move |connection| {
            let row: Option<RoomRow> =
                rooms::table.find(room.0).select(RoomRow::as_select()).first(connection).optional()?;
            let room = row.ok_or(StoreError::Refused(Refusal::RoomNotFound))?.try_into()?;
            catch_up(connection, &room, after, limit, max_behind)
        })
        .await
    }

    /// Refuses whoever does not belong to a room.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`].
    pub async fn require_member(&self, viewer: UserId, room: RoomId) -> Result<(), StoreError> {
        self.read(move |connection| enter_room(connection, viewer, room).map(drop)).await
    }

    /// The heads of the logs of a person's rooms.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn heads_of(&self, user: UserId) -> Result<Vec<(RoomId, Seq)>, StoreError> {
        self.read(move |connection| {
            let heads: Vec<(i64, i64)> = memberships::table
                .inner_join(rooms::table)
                .filter(memberships::user_id.eq(user.0))
                .order(rooms::id)
                .select((rooms::id, rooms::last_seq))
                .load(connection)?;
            Ok(heads.into_iter().map(|(room, seq)| (RoomId(room), Seq(seq))).collect())
        })
        .await
    }
}

fn catch_up(
    connection: &mut DbConnection,
    room: &Room,
    after: Seq,
    limit: i64,
    max_behind: i64,
) -> Result<CatchUp, StoreError> {
    let head = room.last_seq;
    // A point beyond the head was given out by another life of the database, before a backup was restored.
    let floor: i64 = rooms::table.find(room.id.0).select(rooms::log_floor).first(connection)?;
    if !(0..=max_behind).contains(&head.0.saturating_sub(after.0)) || after.0 < floor {
        return Ok(CatchUp { events: Vec::new(), head, more: false, resync: true });
    }
    let events = entries_after(connection, room, after, limit.max(1))?;
    let more = events.last().is_some_and(|last| last.seq < head);
    Ok(CatchUp { events, head, more, resync: false })
}
