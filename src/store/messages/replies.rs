//! Replies: which message a message answers.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::{Message, MessageId, Refusal, RepliedTo, RoomId, UserRef};
use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{messages, users};
use crate::store::people::rows::AuthorRow;

/// The message that is to be answered.
///
/// # Errors
/// [`Refusal::InvalidReply`] when it is not in the room, or was deleted.
pub(super) fn check_answerable(
    connection: &mut DbConnection,
    room: RoomId,
    id: MessageId,
) -> Result<RepliedTo, StoreError> {
    let found: Option<(String, AuthorRow)> = messages::table
        .inner_join(users::table)
        .filter(messages::id.eq(id.0).and(messages::room_id.eq(room.0)).and(messages::deleted_at.is_null()))
        .select((messages::body, AuthorRow::as_select()))
        .first(connection)
        .optional()?;
    let (body, author) = found.ok_or(StoreError::Refused(Refusal::InvalidReply))?;
    Ok(RepliedTo::of(id, author.into(), &body))
}

/// Stores which message a new message answers.
pub(super) fn store_reply(connection: &mut DbConnection, message: &Message) -> QueryResult<()> {
    let Some(replied_to) = &message.reply_to else { return Ok(()) };
    diesel::update(messages::table.find(message.id.0))
        .set(messages::reply_to_id.eq(replied_to.id.0))
        .execute(connection)
        .map(drop)
}

/// Completes [`Message::reply_to`], of which only the ids are known, with one query; with none when no message answers
/// another.
pub(super) fn attach_replies(connection: &mut DbConnection, messages: &mut [Message]) -> QueryResult<()> {
    let mut ids: Vec<i64> = messages.iter().filter_map(|message| Some(message.reply_to.as_ref()?.id.0)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    let rows: Vec<(i64, String, Option<i64>, AuthorRow)> = messages::table
        .inner_join(users::table)
        .filter(messages::id.eq_any(ids))
        .select((messages::id, messages::body, messages::deleted_at, AuthorRow::as_select()))
        .load(connection)?;
    let found: HashMap<MessageId, RepliedTo> = rows
        .into_iter()
        .map(|(id, body, deleted_at, author)| {
            let (id, author) = (MessageId(id), UserRef::from(author));
            let replied_to = match deleted_at {
                None => RepliedTo::of(id, author, &body),
                Some(_) => RepliedTo::gone(id, Some(author)),
            };
            (id, replied_to)
        })
        .collect();
    for replied_to in messages.iter_mut().filter_map(|message| message.reply_to.as_mut()) {
        if let Some(found) = found.get(&replied_to.id) {
            *replied_to = found.clone();
        }
    }
    Ok(())
}
