//! What does not count as unread: one's own messages, deleted ones, and those that retention has removed.
//!
//! A member's unread messages are `message_count − read_number − uncounted`. Posts by others, the frequent case, change only
//! the room's `message_count`. `uncounted` is about the messages after the member's read mark alone, so a deletion changes
//! only the rows of those who have not read the message.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::domain::{Message, Room, RoomId, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{memberships, messages};

/// A message that is about to leave the room's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Uncounted {
    pub(in crate::store) number: i64,
    pub(in crate::store) author_id: i64,
}

/// Members whose rows are changed by one statement: databases bound the number of parameters.
const MEMBERS_AT_ONCE: usize = 1_000;

/// How many messages after `number` are unread for `user`: not theirs, and not deleted. It looks at the messages after
/// `number` and at no others, and at none when there are none.
pub(in crate::store) fn unread_after(
    connection: &mut DbConnection,
    user: UserId,
    room: &Room,
    number: i64,
) -> QueryResult<i64> {
    if number >= room.message_count {
        return Ok(0);
    }
    // The index is by id, whose order is that of the numbers.
    let last_read: Option<i64> = messages::table
        .filter(messages::room_id.eq(room.id.0).and(messages::number.le(number)))
        .order(messages::id.desc())
        .select(messages::id)
        .first(connection)
        .optional()?;
    let after = messages::room_id.eq(room.id.0).and(messages::id.gt(last_read.unwrap_or_default()));
    let counts = messages::author_id.ne(user.0).and(messages::deleted_at.is_null());
    messages::table.filter(after.and(counts)).count().get_result(connection)
}

/// A message of a locked room was deleted.
pub(in crate::store) fn uncount_deleted(connection: &mut DbConnection, message: &Message) -> QueryResult<()> {
    let in_room = memberships::room_id.eq(message.room_id.0);
    let have_not_read = memberships::read_number.lt(message.number).and(memberships::user_id.ne(message.author.id.0));
    diesel::update(memberships::table.filter(in_room.and(have_not_read)))
        .set(memberships::uncounted.eq(memberships::uncounted + 1))
        .execute(connection)
        .map(drop)
}

/// Messages of a locked room were removed, which were not deleted before.
pub(in crate::store) fn uncount_removed(
    connection: &mut DbConnection,
    room: RoomId,
    removed: &[Uncounted],
) -> QueryResult<()> {
    let Some(newest) = removed.iter().map(|message| message.number).max() else { return Ok(()) };
    let behind: Vec<(i64, i64)> = memberships::table
        .filter(memberships::room_id.eq(room.0).and(memberships::read_number.lt(newest)))
        .select((memberships::user_id, memberships::read_number))
        .load(connection)?;
    let mut by_count: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (user, read_number) in behind {
        let was_unread = |message: &&Uncounted| message.number > read_number && message.author_id != user;
        let count = removed.iter().filter(was_unread).count();
        by_count.entry(i64::try_from(count).unwrap_or(i64::MAX)).or_default().push(user);
    }
    for (count, users) in by_count.into_iter().filter(|(count, _)| *count > 0) {
        for users in users.chunks(MEMBERS_AT_ONCE) {
            let theirs = memberships::room_id.eq(room.0).and(memberships::user_id.eq_any(users.to_vec()));
            diesel::update(memberships::table.filter(theirs))
                .set(memberships::uncounted.eq(memberships::uncounted + count))
                .execute(connection)?;
        }
    }
    Ok(())
}
