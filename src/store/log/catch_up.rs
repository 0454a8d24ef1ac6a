//! Catching up: the events after a `seq`, for clients that missed some.

use diesel::prelude::*;

use crate::domain::{Refusal, Room, RoomEvent, RoomId, Seq, Subject, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::rooms;
use crate::store::messages::page::{PageSize, end_page};
use crate::store::rooms::access::require_membership;
use crate::store::rooms::rows::RoomRow;
use crate::store::{Store, StoreError};

use super::entries::entries_after;

/// The events of a room after a `seq`.
#[derive(Debug, Clone, PartialEq)]
pub struct CatchUp {
    /// The events, in order and without a gap.
    pub events: Vec<RoomEvent>,
    /// The log's head.
    pub head: Seq,
    /// Whether there are more events up to the head.
    pub more: bool,
    /// Whether the `seq` is too far behind, no longer kept, or beyond the head: the client has to read the history
    /// again.
    pub resync: bool,
}

impl Store {
    /// A room's events after `after`, at most `limit`. No events but `resync` when `after` is more than `max_behind`
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
        let size = PageSize { rows: limit.max(1), bytes: self.page_bytes };
        self.read_snapshot(move |connection| {
            let room = require_membership(connection, viewer, room)?.room;
            catch_up(connection, &room, after, size, max_behind)
        })
        .await
    }

    /// The same without a check of membership, so that one read can serve many members. The caller has checked each of
    /// them with [`Store::require_membership`].
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
        let size = PageSize { rows: limit.max(1), bytes: self.page_bytes };
        self.read_snapshot(move |connection| {
            let row: Option<RoomRow> = rooms::table
                .find(room.0)
                .filter(rooms::deleted_at.is_null())
                .select(RoomRow::as_select())
                .first(connection)
                .optional()?;
            let room = row.ok_or(StoreError::Refused(Refusal::RoomNotFound))?.try_into()?;
            catch_up(connection, &room, after, size, max_behind)
        })
        .await
    }
}

fn catch_up(
    connection: &mut DbConnection,
    room: &Room,
    after: Seq,
    size: PageSize,
    max_behind: i64,
) -> Result<CatchUp, StoreError> {
    let head = room.last_seq;
    // A point beyond the head was given out by another life of the database, before a backup was restored.
    let floor: i64 = rooms::table.find(room.id.0).select(rooms::log_floor).first(connection)?;
    if !(0..=max_behind).contains(&head.0.saturating_sub(after.0)) || after.0 < floor {
        return Ok(CatchUp { events: Vec::new(), head, more: false, resync: true });
    }
    let mut events = entries_after(connection, room, after, size.rows)?;
    end_page(&mut events, size.bytes, |event| match &event.subject {
        Subject::Message(message) => message.body.len() + message.html.len(),
        Subject::Room(_) | Subject::Member(_) | Subject::Document(_) | Subject::Reaction(_) => 0,
    });
    let more = events.last().is_some_and(|last| last.seq < head);
    Ok(CatchUp { events, head, more, resync: false })
}
