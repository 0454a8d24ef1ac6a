//! A room's messages, page by page.

use diesel::dsl::{exists, max};
use diesel::prelude::*;

use crate::domain::{Message, MessageId, Refusal, RoomId, Seq, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{messages, users};
use crate::store::people::rows::AuthorRow;
use crate::store::rooms::access::require_membership;
use crate::store::{Store, StoreError};

use super::load::{MessageAndAuthor, MessageRow, complete};

/// Which page of a room's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPage {
    /// Which messages.
    pub from: HistoryFrom,
    /// Messages on it at most; at least 1.
    pub limit: i64,
}

/// Which messages are on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryFrom {
    /// The last messages.
    Latest,
    /// Those before a message.
    Before(MessageId),
    /// Those after a message.
    After(MessageId),
    /// Those around a message, and the message itself.
    Around(MessageId),
    /// Those around the first message of this number or above; the last messages when there is none.
    AroundNumber(i64),
}

/// A page of a room's messages, read in one snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The messages, the oldest first.
    pub items: Vec<Message>,
    /// Whether there are messages before the first.
    pub has_older: bool,
    /// Whether there are messages after the last.
    pub has_newer: bool,
    /// The `last_seq` of the room when the page was read. Later events have a higher `seq`.
    pub seq: Seq,
}

impl Store {
    /// A page of a room's messages.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`], [`Refusal::NotAMember`], and [`Refusal::MessageNotFound`] when a page around a
    /// message is wanted that the room does not have.
    pub async fn history(&self, viewer: UserId, room: RoomId, page: HistoryPage) -> Result<History, StoreError> {
        self.read_snapshot(move |connection| {
            let seq = require_membership(connection, viewer, room)?.room.last_seq;
            let limit = page.limit.max(1);
            let (rows, has_older, has_newer) = match page.from {
                HistoryFrom::Latest => latest(connection, room, limit)?,
                HistoryFrom::Before(id) => {
                    let (rows, has_older) = older_than(connection, room, id, limit)?;
                    (rows, has_older, has_from(connection, room, id)?)
                }
                HistoryFrom::After(id) => {
                    let (rows, has_newer) = from(connection, room, MessageId(id.0.saturating_add(1)), limit)?;
                    (rows, has_until(connection, room, id)?, has_newer)
                }
                HistoryFrom::Around(id) => around(connection, room, id, limit)?,
                HistoryFrom::AroundNumber(number) => match first_of_number(connection, room, number)? {
                    Some(id) => around(connection, room, id, limit)?,
                    None => latest(connection, room, limit)?,
                },
            };
            let items = complete(connection, rows)?;
            Ok(History { items, has_older, has_newer, seq })
        })
        .await
    }
}

/// Rows that follow each other, the oldest first, and whether there are more beyond the last one that was read.
type Range = (Vec<MessageAndAuthor>, bool);

fn latest(connection: &mut DbConnection, room: RoomId, limit: i64) -> QueryResult<(Vec<MessageAndAuthor>, bool, bool)> {
    let (rows, has_older) = older_than(connection, room, MessageId(i64::MAX), limit)?;
    Ok((rows, has_older, false))
}

/// The first message of this number or above. Numbers rise with the ids of a room, and no index has them: the range of ids is
/// halved until one is left, which reads about 20 rows where there are a million ids.
fn first_of_number(connection: &mut DbConnection, room: RoomId, number: i64) -> QueryResult<Option<MessageId>> {
    let in_room = messages::table.filter(messages::room_id.eq(room.0));
    let last_id: Option<i64> = in_room.select(max(messages::id)).first(connection)?;
    let mut first_from = |id: i64| -> QueryResult<Option<(i64, i64)>> {
        messages::table
            .filter(messages::room_id.eq(room.0).and(messages::id.ge(id)))
            .order(messages::id)
            .select((messages::id, messages::number))
            .first(connection)
            .optional()
    };
    let (mut low, mut high) = (0, last_id.map_or(0, |id| id.saturating_add(1)));
    while low < high {
        let middle = low + (high - low) / 2;
        match first_from(middle)? {
            Some((id, its_number)) if its_number < number => low = id + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(first_from(low)?.map(|(id, _)| MessageId(id)))
}

/// The last messages before `id`.
fn older_than(connection: &mut DbConnection, room: RoomId, id: MessageId, limit: i64) -> QueryResult<Range> {
    let rows = messages::table
        .inner_join(users::table)
        .filter(messages::room_id.eq(room.0).and(messages::id.lt(id.0)))
        .order(messages::id.desc())
        .limit(limit.saturating_add(1))
        .select((MessageRow::as_select(), AuthorRow::as_select()))
        .load(connection)?;
    let (mut rows, more) = range(rows, limit);
    rows.reverse();
    Ok((rows, more))
}

/// The first messages from `id` on.
fn from(connection: &mut DbConnection, room: RoomId, id: MessageId, limit: i64) -> QueryResult<Range> {
    let rows = messages::table
        .inner_join(users::table)
        .filter(messages::room_id.eq(room.0).and(messages::id.ge(id.0)))
        .order(messages::id)
        .limit(limit.saturating_add(1))
        .select((MessageRow::as_select(), AuthorRow::as_select()))
        .load(connection)?;
    Ok(range(rows, limit))
}

/// Removes the row that was read beyond `limit` to learn whether there are more.
fn range(mut rows: Vec<MessageAndAuthor>, limit: i64) -> Range {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}

fn has_from(connection: &mut DbConnection, room: RoomId, id: MessageId) -> QueryResult<bool> {
    let newer = messages::table.filter(messages::room_id.eq(room.0).and(messages::id.ge(id.0)));
    diesel::select(exists(newer)).get_result(connection)
}

fn has_until(connection: &mut DbConnection, room: RoomId, id: MessageId) -> QueryResult<bool> {
    let older = messages::table.filter(messages::room_id.eq(room.0).and(messages::id.le(id.0)));
    diesel::select(exists(older)).get_result(connection)
}

/// Half of the page before the message, the rest from it on.
fn around(
    connection: &mut DbConnection,
    room: RoomId,
    id: MessageId,
    limit: i64,
) -> Result<(Vec<MessageAndAuthor>, bool, bool), StoreError> {
    let before = limit / 2;
    let (newer, has_newer) = from(connection, room, id, limit - before)?;
    if newer.first().is_none_or(|(message, _)| message.id != id.0) {
        return Err(StoreError::Refused(Refusal::MessageNotFound));
    }
    let (mut rows, has_older) = older_than(connection, room, id, before)?;
    rows.extend(newer);
    Ok((rows, has_older, has_newer))
}
