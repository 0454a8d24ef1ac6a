//! The vocabulary: the distinct words of all messages, for finding words by a part of them.

use diesel::prelude::*;
use diesel::sql_types::{Array, Text};

use crate::store::engine::connection::DbConnection;
use crate::store::engine::statement::statement;

/// The most words that are searched for one part: the part itself, those that begin with it, those that contain it, the
/// shorter before the longer. The index is asked for each of them.
const MAX_EXPANSIONS: usize = 150;

/// From this length on a part is also found within words: the indexed groups of letters have three characters.
const MIN_INNER_CHARS: usize = 3;

/// Adds words, unless the vocabulary has them.
pub(super) fn add_words_in_sqlite(connection: &mut SqliteConnection, words: &[String]) -> QueryResult<()> {
    for word in words {
        AddWordInSqlite { word }.execute(connection)?;
    }
    Ok(())
}

/// The same on Postgres, with one statement.
pub(super) fn add_words_in_postgres(connection: &mut PgConnection, words: &[String]) -> QueryResult<()> {
    if words.is_empty() {
        return Ok(());
    }
    AddWordsInPostgres { words }.execute(connection).map(drop)
}

statement! {
    /// A word. A trigger adds its parts.
    AddWordInSqlite<'a> { word: &'a str => Text } -> ():
    "INSERT OR IGNORE INTO search_words (word) VALUES (", word, ")"
}

statement! {
    /// Words with their parts. `LIMIT 1` keeps Postgres from reading the whole table for a list of words.
    AddWordsInPostgres<'a> { words: &'a [String] => Array<Text> } -> ():
    "INSERT INTO search_words (word, parts) \
     SELECT new.word, ARRAY(SELECT substr(new.word, n, 3) FROM generate_series(1, char_length(new.word) - 2) AS n) \
     FROM unnest(", words, ") AS new (word) \
     LEFT JOIN LATERAL (SELECT 1 AS one FROM search_words WHERE search_words.word = new.word LIMIT 1) AS known ON TRUE \
     WHERE known.one IS NULL"
}

#[derive(QueryableByName)]
struct FoundWord {
    #[diesel(sql_type = Text)]
    word: String,
}

/// The words that begin with `part` or contain it; `part` itself first.
pub(super) fn expand(connection: &mut DbConnection, part: &str) -> QueryResult<Vec<String>> {
    let mut words = vec![part.to_owned()];
    let add = |words: &mut Vec<String>, found: Vec<FoundWord>| {
        let others = found.into_iter().map(|found| found.word).filter(|word| word != part);
        words.extend(others);
        words.truncate(MAX_EXPANSIONS);
    };
    add(&mut words, beginning_with(connection, part)?);
    if words.len() < MAX_EXPANSIONS && part.chars().count() >= MIN_INNER_CHARS {
        let known = words.len();
        add(&mut words, containing(connection, part)?);
        let mut index = 0;
        words.retain(|word| {
            index += 1;
            index <= known || !word.starts_with(part)
        });
    }
    Ok(words)
}

fn beginning_with(connection: &mut DbConnection, part: &str) -> QueryResult<Vec<FoundWord>> {
    let last = format!("{part}{}", char::MAX);
    let query = |from: &str, until: &str| {
        format!(
            "SELECT word FROM search_words WHERE word >= {from} AND word <= {until} \
             GROUP BY word ORDER BY length(word), word LIMIT {MAX_EXPANSIONS}"
        )
    };
    match connection {
        DbConnection::Sqlite(sqlite) => {
            diesel::sql_query(query("?", "?")).bind::<Text, _>(part).bind::<Text, _>(last).load(sqlite)
        }
        DbConnection::Postgres(postgres) => {
            diesel::sql_query(query("$1", "$2")).bind::<Text, _>(part).bind::<Text, _>(last).load(postgres)
        }
    }
}

/// Words have letters, digits and marks only, so they are patterns and phrases as they are.
fn containing(connection: &mut DbConnection, part: &str) -> QueryResult<Vec<FoundWord>> {
    match connection {
        DbConnection::Sqlite(sqlite) => diesel::sql_query(format!(
            "SELECT word FROM search_words WHERE id IN \
             (SELECT rowid FROM search_word_parts WHERE search_word_parts MATCH ?) \
             ORDER BY length(word), word LIMIT {}",
            2 * MAX_EXPANSIONS
        ))
        .bind::<Text, _>(format!("\"{part}\""))
        .load(sqlite),
        DbConnection::Postgres(postgres) => diesel::sql_query(format!(
            "WITH candidates AS MATERIALIZED (SELECT word FROM search_words WHERE parts @> $1) \
             SELECT word FROM candidates WHERE word LIKE $2 GROUP BY word ORDER BY length(word), word LIMIT {}",
            2 * MAX_EXPANSIONS
        ))
        .bind::<Array<Text>, _>(groups_of_three(part))
        .bind::<Text, _>(format!("%{part}%"))
        .load(postgres),
    }
}

fn groups_of_three(part: &str) -> Vec<String> {
    let chars: Vec<char> = part.chars().collect();
    chars.windows(MIN_INNER_CHARS).map(|group| group.iter().collect()).collect()
}
