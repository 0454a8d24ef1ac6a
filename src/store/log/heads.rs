//! Queries for log heads (the last `seq` of each room) and for memberships that ended. The gap reminder repeats both
//! over the bus, because a bus may lose an event.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::domain::{DocumentId, RoomId, Seq, Timestamp, UserId};
use crate::store::documents::rows::document_ids_of_room;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{events, memberships, rooms};
use crate::store::engine::statement::{execute, statement};
use crate::store::{Store, StoreError};

/// A membership that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedMembership {
    /// The room.
    pub room_id: RoomId,
    /// Who was removed or left.
    pub user_id: UserId,
    /// When it ended.
    pub removed_at: Timestamp,
    /// The room's documents, which the person may no longer read.
    pub document_ids: Vec<DocumentId>,
}

statement! {
    /// Takes a lease that is free or expired, or extends the holder's own.
    TakeLease {
        name: &'static str => Text,
        holder: String => Text,
        now: i64 => BigInt,
        expires_at: i64 => BigInt,
    } -> ():
    "INSERT INTO leases (name, holder, expires_at) VALUES (", name, ", ", holder, ", ", expires_at,
    ") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at \
     WHERE leases.holder = excluded.holder OR leases.expires_at <= ", now
}

impl Store {
    /// Takes or extends a lease for what only one of several processes may do; `false` when another process has it.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn lease(&self, name: &'static str, holder: &str, duration: Duration) -> Result<bool, StoreError> {
        let holder = holder.to_owned();
        self.write(move |connection| {
            let now = Timestamp::now();
            let (holder, expires_at) = (holder.clone(), now.after(duration).0);
            Ok(execute(connection, &TakeLease { name, holder, now: now.0, expires_at })? > 0)
        })
        .await
    }

    /// The log heads of a person's rooms.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn log_heads_of_user(&self, user: UserId) -> Result<Vec<(RoomId, Seq)>, StoreError> {
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

    /// The log heads of these rooms. Rooms that do not exist are left out.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn log_heads_of_rooms(&self, of: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StoreError> {
        self.read(move |connection| {
            let ids = of.iter().map(|room| room.0);
            let heads: Vec<(i64, i64)> =
                rooms::table.filter(rooms::id.eq_any(ids)).select((rooms::id, rooms::last_seq)).load(connection)?;
            Ok(heads.into_iter().map(|(room, seq)| (RoomId(room), Seq(seq))).collect())
        })
        .await
    }

    /// The log heads of rooms whose last event is from `from` up to `until`.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn log_heads_between(&self, from: Timestamp, until: Timestamp) -> Result<Vec<(RoomId, Seq)>, StoreError> {
        self.read(move |connection| {
            let within = events::created_at.ge(from.0).and(events::created_at.lt(until.0));
            let heads: Vec<(i64, i64)> = match connection {
                // The plus sign makes it begin with the rooms. Left to itself it walks through the whole log.
                DbConnection::Sqlite(sqlite) => {
                    let room = events::room_id.eq(sql::<BigInt>("+rooms.id"));
                    let last_event = events::table.on(room.and(events::seq.eq(rooms::last_seq)));
                    let heads = rooms::table.inner_join(last_event).filter(within);
                    heads.select((rooms::id, rooms::last_seq)).load(sqlite)?
                }
                DbConnection::Postgres(postgres) => {
                    let last_event = events::room_id.eq(rooms::id).and(events::seq.eq(rooms::last_seq));
                    let heads = rooms::table.inner_join(events::table.on(last_event)).filter(within);
                    heads.select((rooms::id, rooms::last_seq)).load(postgres)?
                }
            };
            Ok(heads.into_iter().map(|(room, seq)| (RoomId(room), Seq(seq))).collect())
        })
        .await
    }

    /// Memberships that ended from `from` up to `until`, except of people who have joined again.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn ended_memberships_between(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<EndedMembership>, StoreError> {
        self.read(move |connection| {
            let place =
                memberships::room_id.eq(events::room_id).and(memberships::user_id.nullable().eq(events::member_id));
            let removals: Vec<(i64, Option<i64>, i64)> = events::table
                .left_join(memberships::table.on(place))
                .filter(events::created_at.ge(from.0).and(events::created_at.lt(until.0)))
                // Literally, for SQLite to see that its index of removals will do.
                .filter(sql::<Bool>("events.kind = 'member.removed'"))
                .filter(memberships::room_id.nullable().is_null())
                .select((events::room_id, events::member_id, events::created_at))
                .load(connection)?;
            let mut past = Vec::with_capacity(removals.len());
            for (room, user, at) in removals {
                let (room_id, Some(user)) = (RoomId(room), user) else { continue };
                let document_ids = document_ids_of_room(connection, room_id)?;
                past.push(EndedMembership { room_id, user_id: UserId(user), removed_at: Timestamp(at), document_ids });
            }
            Ok(past)
        })
        .await
    }
}
