//! The one loader of messages: ids, a query or rows go in, complete messages come out.
//!
//! What belongs to a message and is kept in other tables (its files, its reactions, the beginning of the message that it
//! answers) is added by [`complete`], with one query each for all the messages of a page. Nothing else in the store makes a [`Message`] out of a row, so nothing can forget a part of
//! it.

use diesel::prelude::*;
use diesel::query_dsl::methods::LoadQuery;

use crate::domain::{Message, MessageId, Refusal, RepliedTo, RoomId, Seq, Timestamp, UserRef};
use crate::store::StoreError;
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::schema::{messages, users};
use crate::store::files::rows::attach_files;
use crate::store::people::rows::AuthorRow;

use super::reaction_rows::attach_reactions;
use super::replies::attach_replies;

/// A message's own columns.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(MultiBackend))]
pub(in crate::store) struct MessageRow {
    pub(in crate::store) id: i64,
    room_id: i64,
    seq: i64,
    number: i64,
    pub(in crate::store) author_id: i64,
    body: String,
    html: String,
    client_id: Option<String>,
    created_at: i64,
    edited_at: Option<i64>,
    deleted_at: Option<i64>,
    changed_seq: Option<i64>,
    reply_to_id: Option<i64>,
}

impl MessageRow {
    /// Bytes of its text and HTML.
    pub(in crate::store) const fn text_bytes(&self) -> usize {
        self.body.len() + self.html.len()
    }
}

/// What a query over `messages` joined with `users` selects.
pub(in crate::store) type MessageAndAuthor = (MessageRow, AuthorRow);

/// Completes rows of messages, in the order in which they come. A message may be among them several times.
pub(in crate::store) fn complete(
    connection: &mut DbConnection,
    rows: Vec<MessageAndAuthor>,
) -> QueryResult<Vec<Message>> {
    let mut messages: Vec<Message> = rows.into_iter().map(|(message, author)| message.by(author.into())).collect();
    attach_files(connection, &mut messages)?;
    attach_replies(connection, &mut messages)?;
    attach_reactions(connection, &mut messages)?;
    Ok(messages)
}

/// The messages that `query` finds, in its order.
pub(in crate::store) fn load_messages<'query, Q>(connection: &mut DbConnection, query: Q) -> QueryResult<Vec<Message>>
where
    Q: RunQueryDsl<DbConnection> + LoadQuery<'query, DbConnection, MessageAndAuthor>,
{
    let rows = query.load(connection)?;
    complete(connection, rows)
}

/// The messages of those ids, whichever rooms they are in, in no particular order. Unknown ids are left out.
pub(in crate::store) fn messages_by_id(connection: &mut DbConnection, ids: &[MessageId]) -> QueryResult<Vec<Message>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = messages::table
        .inner_join(users::table)
        .filter(messages::id.eq_any(ids.iter().map(|id| id.0)))
        .select((MessageRow::as_select(), AuthorRow::as_select()));
    load_messages(connection, query)
}

/// A message of that room.
pub(in crate::store) fn find_message(
    connection: &mut DbConnection,
    room: RoomId,
    id: MessageId,
) -> Result<Message, StoreError> {
    let message = messages_by_id(connection, &[id])?.pop();
    message.filter(|message| message.room_id == room).ok_or(StoreError::Refused(Refusal::MessageNotFound))
}

impl MessageRow {
    /// The message without what other tables keep of it.
    fn by(self, author: UserRef) -> Message {
        Message {
            id: MessageId(self.id),
            room_id: RoomId(self.room_id),
            seq: Seq(self.seq),
            number: self.number,
            author,
            body: self.body,
            html: self.html,
            client_id: self.client_id,
            created_at: Timestamp(self.created_at),
            edited_at: self.edited_at.map(Timestamp),
            deleted_at: self.deleted_at.map(Timestamp),
            changed_seq: Seq(self.changed_seq.unwrap_or(self.seq)),
            reply_to: self.reply_to_id.map(|id| RepliedTo::gone(MessageId(id), None)),
            files: Vec::new(),
            reactions: Vec::new(),
        }
    }
}
