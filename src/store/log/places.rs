//! Where a person's rooms stood at some moment, for event streams whose cursor does not name every room.

use diesel::prelude::*;

use crate::domain::{EventKind, RoomId, Seq, Timestamp, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{events, memberships, rooms};
use crate::store::{Store, StoreError};

/// How far a room's log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// The room.
    pub room_id: RoomId,
    /// An event of it.
    pub seq: Seq,
    /// When the room's last event was stored; `None`: it is not kept any longer.
    pub last_event_at: Option<Timestamp>,
}

/// What somebody has to know to go on from a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesAt {
    /// For each of the person's rooms the last event before the moment.
    pub places: Vec<LogPlace>,
    /// The rooms that the person has left, or was removed from, since.
    pub left: Vec<RoomId>,
}

impl Store {
    /// The log heads of a person's rooms, with their times.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn log_places_of_user(&self, user: UserId) -> Result<Vec<LogPlace>, StoreError> {
        self.read(move |connection| Ok(heads(connection, user)?.into_iter().map(|(place, _)| place).collect())).await
    }

    /// Where a person's rooms stood at `at`, but never more than `max_behind` and one event behind the head, nor before the
    /// person joined.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn log_places_at(&self, user: UserId, at: Timestamp, max_behind: i64) -> Result<PlacesAt, StoreError> {
        self.read_snapshot(move |connection| {
            let mut places = Vec::new();
            for (mut place, joined_seq) in heads(connection, user)? {
                if place.last_event_at.is_some_and(|last| last >= at) {
                    let oldest = place.seq.0.saturating_sub(max_behind);
                    let first = first_since(connection, place.room_id, oldest, at)?;
                    let before = first.map_or(place.seq.0, |first| first - 1);
                    place.seq = Seq(before.max(joined_seq - 1));
                }
                places.push(place);
            }
            Ok(PlacesAt { places, left: left_since(connection, user, at)? })
        })
        .await
    }
}

/// The heads, each with the `seq` at which the person joined.
fn heads(connection: &mut DbConnection, user: UserId) -> QueryResult<Vec<(LogPlace, i64)>> {
    let last_event = events::room_id.eq(rooms::id).and(events::seq.eq(rooms::last_seq));
    let rows: Vec<(i64, i64, i64, Option<i64>)> = memberships::table
        .inner_join(rooms::table)
        .left_join(events::table.on(last_event))
        .filter(memberships::user_id.eq(user.0))
        .order(rooms::id)
        .select((rooms::id, rooms::last_seq, memberships::joined_seq, events::created_at.nullable()))
        .load(connection)?;
    let head = |(room, seq, joined_seq, at): (i64, i64, i64, Option<i64>)| {
        (LogPlace { room_id: RoomId(room), seq: Seq(seq), last_event_at: at.map(Timestamp) }, joined_seq)
    };
    Ok(rows.into_iter().map(head).collect())
}

/// The first event of a room from `oldest` on that was stored at `at` or later.
fn first_since(connection: &mut DbConnection, room: RoomId, oldest: i64, at: Timestamp) -> QueryResult<Option<i64>> {
    events::table
        .filter(events::room_id.eq(room.0).and(events::seq.ge(oldest)).and(events::created_at.ge(at.0)))
        .select(diesel::dsl::min(events::seq))
        .first(connection)
}

fn left_since(connection: &mut DbConnection, user: UserId, at: Timestamp) -> QueryResult<Vec<RoomId>> {
    let place = memberships::room_id.eq(events::room_id).and(memberships::user_id.eq(user.0));
    let left: Vec<i64> = events::table
        .left_join(memberships::table.on(place))
        .filter(events::kind.eq(EventKind::MemberRemoved.name()).and(events::created_at.ge(at.0)))
        .filter(events::member_id.eq(user.0).and(memberships::room_id.nullable().is_null()))
        .select(events::room_id)
        .distinct()
        .load(connection)?;
    Ok(left.into_iter().map(RoomId).collect())
}
