//! The rows of reactions: one for each person and emoji.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::{EmojiCount, Message, MessageId, ReactionEmoji, UserId, UserRef};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::reactions;
use crate::store::engine::statement::{json_list, statement};

/// Removes the reactions to a message.
pub(super) fn remove_reactions(connection: &mut DbConnection, id: MessageId) -> QueryResult<()> {
    diesel::delete(reactions::table.filter(reactions::message_id.eq(id.0))).execute(connection).map(drop)
}

/// Reads the reactions to messages into [`Message::reactions`], with one query; with none when nothing was changed of any
/// of them since it was posted.
pub(super) fn attach_reactions(connection: &mut DbConnection, messages: &mut [Message]) -> QueryResult<()> {
    let has_changed = |message: &&mut Message| message.changed_seq > message.seq && message.deleted_at.is_none();
    let mut messages: Vec<&mut Message> = messages.iter_mut().filter(has_changed).collect();
    if messages.is_empty() {
        return Ok(());
    }
    messages.sort_unstable_by_key(|message| message.id);
    let ids: Vec<i64> = messages.iter().map(|message| message.id.0).collect();
    let rows: Vec<ReactionRow> = match connection {
        DbConnection::Sqlite(sqlite) => FindReactionsInSqlite { message_ids: json_list(&ids) }.load(sqlite)?,
        DbConnection::Postgres(postgres) => FindReactionsInPostgres { message_ids: ids }.load(postgres)?,
    };
    for used in rows.chunk_by(|row, next| row.message_id == next.message_id && row.emoji == next.emoji) {
        let [first, ..] = used else { continue };
        let emoji = EmojiCount {
            emoji: ReactionEmoji::stored(first.emoji.clone()),
            count: first.count,
            users: used.iter().map(ReactionRow::user).collect(),
        };
        // A page of the log may hold a message several times.
        let at = messages.partition_point(|message| message.id.0 < first.message_id);
        for message in messages[at..].iter_mut().take_while(|message| message.id.0 == first.message_id) {
            message.reactions.push(emoji.clone());
        }
    }
    Ok(())
}

/// One person's use of an emoji, and how many people use it.
#[derive(Queryable)]
struct ReactionRow {
    message_id: i64,
    emoji: String,
    count: i64,
    user_id: i64,
    username: String,
    name: String,
}

impl ReactionRow {
    fn user(&self) -> UserRef {
        UserRef { id: UserId(self.user_id), username: self.username.clone(), name: self.name.clone() }
    }
}

type ReactionColumns = (BigInt, Text, BigInt, BigInt, Text, Text);

/// The first 50 uses of each emoji ([`EmojiCount::MAX_USERS`]), the emoji in the order of their first use.
macro_rules! find_reactions {
    ($ids_before:tt, $ids_after:tt, $(#[$doc:meta])* $name:ident { $type:ty => $sql_type:ty }) => {
        statement! {
            $(#[$doc])*
            $name { message_ids: $type => $sql_type } -> ReactionColumns:
            "SELECT message_id, emoji, count, user_id, username, name FROM ( \
             SELECT reactions.message_id, reactions.emoji, reactions.user_id, users.username, users.name, \
             count(*) OVER used AS count, min(reactions.seq) OVER used AS first_seq, \
             row_number() OVER (PARTITION BY reactions.message_id, reactions.emoji ORDER BY reactions.seq) AS place \
             FROM reactions JOIN users ON users.id = reactions.user_id \
             WHERE reactions.message_id ", $ids_before, message_ids, $ids_after, " \
             WINDOW used AS (PARTITION BY reactions.message_id, reactions.emoji)) AS uses \
             WHERE place <= 50 ORDER BY message_id, first_seq, place"
        }
    };
}

find_reactions!("IN (SELECT value FROM json_each(", "))",
    /// The reactions to messages by a list of their ids.
    FindReactionsInSqlite { String => Text });
find_reactions!("= ANY(", ")",
    /// The same on Postgres.
    FindReactionsInPostgres { Vec<i64> => Array<BigInt> });
