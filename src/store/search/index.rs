//! Writing the index, in the transaction that changes the message.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::{MessageId, RoomId, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::statement::statement;

use super::entry::SearchEntry;
use super::vocabulary;

/// Adds a message that the index does not have.
pub(in crate::store) fn add(
    connection: &mut DbConnection,
    id: MessageId,
    room: RoomId,
    author: UserId,
    entry: &SearchEntry,
) -> QueryResult<()> {
    match connection {
        DbConnection::Sqlite(sqlite) => {
            let removals = vocabulary::removals_in_sqlite(sqlite)?;
            add_in_sqlite(sqlite, removals, id, room, author, entry)
        }
        DbConnection::Postgres(postgres) => add_batch(postgres, [(id, room, author, entry)].into_iter()),
    }
}

/// The same on SQLite, at that number of removals.
pub(in crate::store) fn add_in_sqlite(
    connection: &mut SqliteConnection,
    removals: i64,
    id: MessageId,
    room: RoomId,
    author: UserId,
    entry: &SearchEntry,
) -> QueryResult<()> {
    IndexInSqlite { id: id.0, terms: &entry.fts5(room, author) }.execute(connection)?;
    vocabulary::add_words_in_sqlite(connection, room, &entry.words_to_add(removals))
}

statement! {
    /// A message's terms, separated by spaces.
    IndexInSqlite<'a> { id: i64 => BigInt, terms: &'a str => Text } -> ():
    "INSERT INTO message_search (rowid, terms) VALUES (", id, ", ", terms, ")"
}

/// The same on Postgres, for any number of messages, by one statement.
pub(in crate::store) fn add_batch<'a>(
    connection: &mut PgConnection,
    messages: impl Iterator<Item = (MessageId, RoomId, UserId, &'a SearchEntry)>,
) -> QueryResult<()> {
    let removals = vocabulary::removals_in_postgres(connection)?;
    let (mut ids, mut terms, mut new_words) = (Vec::new(), Vec::new(), Vec::new());
    for (id, room, author, entry) in messages {
        ids.push(id.0);
        terms.push(entry.tsvector(room, author));
        new_words.extend(entry.words_to_add(removals).iter().map(|word| (room.0, word.clone())));
    }
    IndexBatch { ids, terms }.execute(connection)?;
    new_words.sort_unstable();
    new_words.dedup();
    vocabulary::add_words_in_postgres(connection, new_words)
}

statement! {
    /// The terms of several messages, each as the text of a `tsvector`.
    IndexBatch { ids: Vec<i64> => Array<BigInt>, terms: Vec<String> => Array<Text> } -> ():
    "INSERT INTO message_search (message_id, terms) SELECT message.id, CAST(message.terms AS TSVECTOR) FROM unnest(",
    ids, ", ", terms, ") AS message (id, terms)"
}

/// Takes a message out of the index, before it is added anew or because it was deleted. Its words are to be forgotten
/// afterwards: [`vocabulary::forget`].
pub(in crate::store) fn remove(connection: &mut DbConnection, id: MessageId) -> QueryResult<()> {
    let table_and_key = match connection {
        DbConnection::Sqlite(_) => "DELETE FROM message_search WHERE rowid = ",
        DbConnection::Postgres(_) => "DELETE FROM message_search WHERE message_id = ",
    };
    diesel::sql_query(format!("{table_and_key}{id}")).execute(connection).map(drop)
}
