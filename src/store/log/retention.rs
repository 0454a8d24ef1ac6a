//! Retention: removing old entries of the log, from its beginning, and messages that no kept entry is about.
//!
//! The room's `log_floor` is the last `seq` that was removed; clients that are behind it read the history again. A
//! message is removed with the last entry about it, so an edited one is kept from the edit on. The counters stay: they
//! count all messages that were ever posted.

use std::time::Duration;

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::domain::{RoomId, Timestamp};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{events, messages, rooms};
use crate::store::files::rows::files_of_messages;
use crate::store::rooms::access::lock_room;
use crate::store::rooms::rows::current_retention;
use crate::store::rooms::unread::{Uncounted, uncount_removed};
use crate::store::search::entry::indexed_words;
use crate::store::search::vocabulary;
use crate::store::{Store, StoreError};

const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Store {
    /// The rooms whose oldest entry is older than they keep, each with the time from which entries are kept.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn rooms_to_trim(&self, default_days: Option<u32>) -> Result<Vec<(RoomId, Timestamp)>, StoreError> {
        let now = Timestamp::now();
        self.read(move |connection| {
            let first = events::room_id.eq(rooms::id).and(events::seq.eq(rooms::log_floor + 1));
            type Beginning = (i64, (Option<i64>, Option<i64>, Option<i64>), i64);
            let retention = (rooms::retention_days, rooms::next_retention_days, rooms::retention_changes_at);
            let beginnings: Vec<Beginning> = rooms::table
                .inner_join(events::table.on(first))
                .filter(rooms::deleted_at.is_null())
                .order(rooms::id)
                .select((rooms::id, retention, events::created_at))
                .load(connection)?;
            let to_trim = beginnings.into_iter().filter_map(|(room, (days, next_days, changes_at), begins_at)| {
                let (days, _) = current_retention(days, next_days, changes_at, now);
                let days = days.and_then(|days| u32::try_from(days).ok()).or(default_days)?;
                let kept_from = now.before(DAY.saturating_mul(days));
                (begins_at < kept_from.0).then_some((RoomId(room), kept_from))
            });
            Ok(to_trim.collect())
        })
        .await
    }

    /// Removes entries of a room's log that are older than `kept_from`, the oldest first and at most `limit`, and the
    /// messages that no entry is about any more. Returns how many entries.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn trim_room(&self, room: RoomId, kept_from: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.write(move |connection| Ok(trim(connection, room, limit, |_, created_at| created_at < kept_from.0)?)).await
    }
}

/// Removes entries from the log's beginning while `is_expired` says so of their `seq` and their time, at most `limit`. Returns
/// how many.
pub(in crate::store) fn trim(
    connection: &mut DbConnection,
    room: RoomId,
    limit: i64,
    is_expired: impl Fn(i64, i64) -> bool,
) -> QueryResult<usize> {
    lock_room(connection, room)?;
    let floor: Option<i64> = rooms::table.find(room.0).select(rooms::log_floor).first(connection).optional()?;
    let Some(floor) = floor else { return Ok(0) };
    let oldest: Vec<(i64, Option<i64>, i64)> = events::table
        .filter(events::room_id.eq(room.0).and(events::seq.gt(floor)))
        .order(events::seq)
        .limit(limit)
        .select((events::seq, events::message_id, events::created_at))
        .load(connection)?;
    let expired: Vec<_> = oldest.into_iter().take_while(|(seq, _, created_at)| is_expired(*seq, *created_at)).collect();
    let Some((new_floor, _, _)) = expired.last() else { return Ok(0) };
    let gone = events::room_id.eq(room.0).and(events::seq.gt(floor)).and(events::seq.le(*new_floor));
    diesel::delete(events::table.filter(gone)).execute(connection)?;
    let mut spoken_of: Vec<i64> = expired.iter().filter_map(|(_, message, _)| *message).collect();
    spoken_of.sort_unstable();
    spoken_of.dedup();
    let about_it = events::table.filter(events::message_id.eq(messages::id.nullable()));
    let unspoken = messages::id.eq_any(spoken_of).and(not(exists(about_it)));
    let removed: Vec<(i64, i64, i64, Option<i64>, String)> = messages::table
        .filter(unspoken)
        .select((messages::id, messages::number, messages::author_id, messages::deleted_at, messages::body))
        .load(connection)?;
    let ids: Vec<i64> = removed.iter().map(|(id, ..)| *id).collect();
    let files = files_of_messages(connection, &ids)?;
    diesel::delete(messages::table.filter(messages::id.eq_any(ids))).execute(connection)?;
    let counted = removed.iter().filter(|(_, _, _, deleted_at, _)| deleted_at.is_none());
    let counted: Vec<_> = counted.map(|&(_, number, author_id, ..)| Uncounted { number, author_id }).collect();
    uncount_removed(connection, room, &counted)?;
    let names = files.values().flatten().map(|file| file.name.as_str());
    let mut words: Vec<String> =
        removed.iter().flat_map(|(.., body)| indexed_words(body, [])).chain(indexed_words("", names)).collect();
    words.sort_unstable();
    words.dedup();
    vocabulary::forget(connection, room, &words)?;
    diesel::update(rooms::table.find(room.0)).set(rooms::log_floor.eq(*new_floor)).execute(connection)?;
    Ok(expired.len())
}
