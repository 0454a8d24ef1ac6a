//! Writing the index and the vocabulary's new words, in the transaction that changes the message.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::{MessageId, RoomId, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::statement::statement;

use super::entry::{NEVER, SearchEntry};

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
            let removals = removals_in_sqlite(sqlite)?;
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
    add_words_in_sqlite(connection, room, &entry.words_to_add(removals))
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
    let removals = removals_in_postgres(connection)?;
    let (mut ids, mut terms, mut new_words) = (Vec::new(), Vec::new(), Vec::new());
    for (id, room, author, entry) in messages {
        ids.push(id.0);
        terms.push(entry.tsvector(room, author));
        new_words.extend(entry.words_to_add(removals).iter().map(|word| (room.0, word.clone())));
    }
    IndexBatch { ids, terms }.execute(connection)?;
    new_words.sort_unstable();
    new_words.dedup();
    add_words_in_postgres(connection, new_words)
}

statement! {
    /// The terms of several messages, each as the text of a `tsvector`.
    IndexBatch { ids: Vec<i64> => Array<BigInt>, terms: Vec<String> => Array<Text> } -> ():
    "INSERT INTO message_search (message_id, terms) SELECT message.id, CAST(message.terms AS TSVECTOR) FROM unnest(",
    ids, ", ", terms, ") AS message (id, terms)"
}

/// How often words were removed.
pub(in crate::store) fn removals_in_sqlite(connection: &mut SqliteConnection) -> QueryResult<i64> {
    Ok(RemovalsInSqlite {}.get_result(connection).optional()?.unwrap_or(NEVER))
}

/// The same on Postgres, where no other process removes words until the transaction ends.
fn removals_in_postgres(connection: &mut PgConnection) -> QueryResult<i64> {
    Ok(RemovalsInPostgres {}.get_result(connection).optional()?.unwrap_or(NEVER))
}

statement! {
    /// How often words were removed.
    RemovalsInSqlite {} -> BigInt:
    "SELECT removals FROM search_state"
}

statement! {
    /// The same, locked against removals.
    RemovalsInPostgres {} -> BigInt:
    "SELECT removals FROM search_state FOR SHARE"
}

/// Adds words of a room, unless the vocabulary has them.
fn add_words_in_sqlite(connection: &mut SqliteConnection, room: RoomId, words: &[String]) -> QueryResult<()> {
    for word in words {
        AddWordInSqlite { room_id: room.0, word }.execute(connection)?;
    }
    Ok(())
}

/// The same on Postgres, for words of several rooms, with one statement.
fn add_words_in_postgres(connection: &mut PgConnection, words: Vec<(i64, String)>) -> QueryResult<()> {
    if words.is_empty() {
        return Ok(());
    }
    let (room_ids, words): (Vec<i64>, Vec<String>) = words.into_iter().unzip();
    AddWordsInPostgres { room_ids, words }.execute(connection).map(drop)
}

statement! {
    /// A word. A trigger adds its parts.
    AddWordInSqlite<'a> { room_id: i64 => BigInt, word: &'a str => Text } -> ():
    "INSERT OR IGNORE INTO search_words (room_id, word) VALUES (", room_id, ", ", word, ")"
}

statement! {
    /// Words with their parts. `LIMIT 1` keeps Postgres from reading the whole table for a list of words.
    AddWordsInPostgres { room_ids: Vec<i64> => Array<BigInt>, words: Vec<String> => Array<Text> } -> ():
    "INSERT INTO search_words (room_id, word, parts) SELECT new.room_id, new.word, \
     ARRAY(SELECT substr(new.word, n, 3) FROM generate_series(1, char_length(new.word) - 2) AS n) \
     FROM unnest(", room_ids, ", ", words, ") AS new (room_id, word) \
     LEFT JOIN LATERAL (SELECT 1 AS one FROM search_words WHERE search_words.room_id = new.room_id \
     AND search_words.word = new.word LIMIT 1) AS known ON TRUE \
     WHERE known.one IS NULL"
}

/// Takes a message out of the index, before it is added anew or because it was deleted. Its words are to be forgotten
/// afterwards: [`super::vocabulary::forget`].
pub(in crate::store) fn remove(connection: &mut DbConnection, id: MessageId) -> QueryResult<()> {
    let table_and_key = match connection {
        DbConnection::Sqlite(_) => "DELETE FROM message_search WHERE rowid = ",
        DbConnection::Postgres(_) => "DELETE FROM message_search WHERE message_id = ",
    };
    diesel::sql_query(format!("{table_and_key}{id}")).execute(connection).map(drop)
}
