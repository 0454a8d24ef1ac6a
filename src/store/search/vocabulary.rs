//! The vocabulary: the distinct words of each room, for finding words by a part of them. `index` adds words to it.
//!
//! A word stands here while a message of the room has it. Writers remember which words they have added, so that most
//! posts add none. When words are removed, `search_state.removals` rises, and what was remembered before counts no more.
//! Adding and removing exclude each other: both lock that row, adding for sharing.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::{MIN_INNER_CHARS, RoomId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::statement::{json_list, statement};

use super::entry::room_term;

/// The most words that a part within words stands for, the shorter before the longer. The index is asked for each of
/// them.
const MAX_INNER: usize = 150;

/// Removes those words of a room that none of its messages has any more. To be called when the messages that had them
/// are out of the index.
pub(in crate::store) fn forget(connection: &mut DbConnection, room: RoomId, words: &[String]) -> QueryResult<()> {
    let unused = unused(connection, room, words)?;
    if unused.is_empty() {
        return Ok(());
    }
    diesel::sql_query("UPDATE search_state SET removals = removals + 1").execute(connection)?;
    // Whoever was adding words has committed by now.
    let unused = unused_now(connection, room, unused)?;
    match connection {
        DbConnection::Sqlite(sqlite) => {
            for word in unused {
                diesel::sql_query("DELETE FROM search_words WHERE room_id = ? AND word = ?")
                    .bind::<BigInt, _>(room.0)
                    .bind::<Text, _>(word)
                    .execute(sqlite)?;
            }
            Ok(())
        }
        DbConnection::Postgres(postgres) => {
            let delete = diesel::sql_query("DELETE FROM search_words WHERE room_id = $1 AND word = ANY($2)");
            delete.bind::<BigInt, _>(room.0).bind::<Array<Text>, _>(unused).execute(postgres).map(drop)
        }
    }
}

/// On SQLite nobody else writes, so the first look was enough.
fn unused_now(connection: &mut DbConnection, room: RoomId, words: Vec<String>) -> QueryResult<Vec<String>> {
    match connection {
        DbConnection::Sqlite(_) => Ok(words),
        DbConnection::Postgres(_) => unused(connection, room, &words),
    }
}

/// Those of the words that no message of the room has.
fn unused(connection: &mut DbConnection, room: RoomId, words: &[String]) -> QueryResult<Vec<String>> {
    match connection {
        DbConnection::Sqlite(sqlite) => {
            let mut unused = Vec::new();
            for word in words {
                let terms = format!("\"{}\" AND \"{word}\"", room_term(room));
                let user: Option<i64> = FindUserOfWord { terms: &terms }.get_result(sqlite).optional()?;
                if user.is_none() {
                    unused.push(word.clone());
                }
            }
            Ok(unused)
        }
        DbConnection::Postgres(postgres) => {
            let found: Vec<FoundWord> = diesel::sql_query(
                "SELECT candidate.word AS word FROM unnest($1) AS candidate (word) WHERE NOT EXISTS (\
                 SELECT 1 FROM message_search WHERE terms @@ CAST($2 || '''' || candidate.word || '''' AS TSQUERY))",
            )
            .bind::<Array<Text>, _>(words)
            .bind::<Text, _>(format!("'{}' & ", room_term(room)))
            .load(postgres)?;
            Ok(found.into_iter().map(|found| found.word).collect())
        }
    }
}

statement! {
    /// A message that has the terms.
    FindUserOfWord<'a> { terms: &'a str => Text } -> BigInt:
    "SELECT rowid FROM message_search WHERE message_search MATCH ", terms, " LIMIT 1"
}

#[derive(QueryableByName)]
struct FoundWord {
    #[diesel(sql_type = Text)]
    word: String,
}

/// Where in a longer word the part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceInWord {
    /// Anywhere but at its beginning.
    Within,
    /// At its end.
    AtEnd,
}

/// Longer words of these rooms that contain the part. None when it is too short.
pub(super) fn containing(
    connection: &mut DbConnection,
    rooms: &HashSet<RoomId>,
    part: &str,
    place: PlaceInWord,
) -> QueryResult<Vec<String>> {
    if part.chars().count() < MIN_INNER_CHARS {
        return Ok(Vec::new());
    }
    let rooms: Vec<i64> = rooms.iter().map(|room| room.0).collect();
    // Words have letters, digits, marks and emoji only, so they are phrases as they are.
    let found: Vec<FoundWord> = match connection {
        DbConnection::Sqlite(sqlite) => diesel::sql_query(format!(
            "SELECT DISTINCT word FROM search_words WHERE id IN \
             (SELECT rowid FROM search_word_parts WHERE search_word_parts MATCH ?1) \
             AND room_id IN (SELECT value FROM json_each(?2)) AND {} ORDER BY length(word), word LIMIT {MAX_INNER}",
            match place {
                PlaceInWord::Within => "instr(word, ?3) > 1",
                PlaceInWord::AtEnd => "length(word) > length(?3) AND substr(word, -length(?3)) = ?3",
            }
        ))
        .bind::<Text, _>(format!("\"{part}\""))
        .bind::<Text, _>(json_list(&rooms))
        .bind::<Text, _>(part)
        .load(sqlite)?,
        DbConnection::Postgres(postgres) => diesel::sql_query(format!(
            "WITH candidates AS MATERIALIZED (SELECT word FROM search_words WHERE parts @> $1 AND room_id = ANY($2)) \
             SELECT word FROM candidates WHERE {} GROUP BY word ORDER BY length(word), word LIMIT {MAX_INNER}",
            match place {
                PlaceInWord::Within => "strpos(word, $3) > 1",
                PlaceInWord::AtEnd => "length(word) > length($3) AND right(word, length($3)) = $3",
            }
        ))
        .bind::<Array<Text>, _>(groups_of_three(part))
        .bind::<Array<BigInt>, _>(rooms)
        .bind::<Text, _>(part)
        .load(postgres)?,
    };
    Ok(found.into_iter().map(|found| found.word).collect())
}

fn groups_of_three(part: &str) -> Vec<String> {
    let chars: Vec<char> = part.chars().collect();
    chars.windows(MIN_INNER_CHARS).map(|group| group.iter().collect()).collect()
}
