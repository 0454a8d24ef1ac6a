//! How far the rooms' logs reach: what those are reminded of who hear events over a bus that may lose one.

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

/// Somebody's membership that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRemoval {
    /// The room.
    pub room_id: RoomId,
    /// Who belongs to it no longer.
    pub user_id: UserId,
    /// When it ended.
    pub removed_at: Timestamp,
    /// The room's documents.
    pub document_ids: Vec<DocumentId>,
}

statement! {
    /// Takes a lease that is free or over, or keeps one's own.
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
    /// Takes or keeps what one process of several does; `false` when another has it.
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

    /// The heads of these rooms; of those that exist.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn heads_of_rooms(&self, of: Vec<RoomId>) -> Result<Vec<(RoomId, Seq)>, StoreError> {
        self.read(move |connection| {
            let ids = of.iter().map(|room| room.0);
            let heads: Vec<(i64, i64)> =
                rooms::table.filter(rooms::id.eq_any(ids)).select((rooms::id, rooms::last_seq)).load(connection)?;
            Ok(heads.into_iter().map(|(room, seq)| (RoomId(room), Seq(seq))).collect())
        })
        .await
    }

    /// The heads of the rooms whose last event is from `from` up to `until`.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn heads_between(&self, from: Timestamp, until: Timestamp) -> Result<Vec<(RoomId, Seq)>, StoreError> {
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

    /// Who was removed from `from` up to `until`, and has not come back.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn removals_between(&self, from: Timestamp, until: Timestamp) -> Result<Vec<PastRemoval>, StoreError> {
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
                past.push(PastRemoval { room_id, user_id: UserId(user), removed_at: Timestamp(at), document_ids });
            }
            Ok(past)
        })
        .await
    }
}
