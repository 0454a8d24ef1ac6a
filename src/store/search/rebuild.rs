//! Rebuilding the index when it is missing, or was made by a version of the program that cuts words differently.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tracing::info;

use crate::domain::{MessageId, RoomId, UserId};
use crate::store::engine::connection::{DbConnection, begin_write, commit, rollback};
use crate::store::engine::schema::{files, messages};

use super::entry::SearchEntry;
use super::index;

/// To be incremented when words are cut differently; the next start then rebuilds the index.
const VERSION: i64 = 1;

/// Messages read at once.
const CHUNK: i64 = 1_000;

/// Rebuilds the index if it is not of this version, in one transaction. Several processes may start at once.
///
/// # Errors
/// Those of the database; nothing was changed.
pub(in crate::store) fn rebuild_if_outdated(connection: &mut DbConnection) -> QueryResult<()> {
    begin_write(connection)?;
    match rebuild(connection) {
        Ok(()) => commit(connection),
        Err(error) => {
            rollback(connection)?;
            Err(error)
        }
    }
}

#[derive(QueryableByName)]
struct StateRow {
    #[diesel(sql_type = BigInt)]
    version: i64,
}

fn rebuild(connection: &mut DbConnection) -> QueryResult<()> {
    if let DbConnection::Postgres(postgres) = connection {
        // The number is arbitrary; it only has to be the same in every Hubbub.
        postgres.batch_execute("SELECT pg_advisory_xact_lock(1215652451)")?;
    }
    let state: Option<StateRow> =
        diesel::sql_query("SELECT version FROM search_state").get_result(connection).optional()?;
    if state.is_some_and(|state| state.version == VERSION) {
        return Ok(());
    }
    connection.batch_execute(match connection {
        DbConnection::Sqlite(_) => {
            "INSERT INTO message_search (message_search) VALUES ('delete-all'); DELETE FROM search_words; \
             INSERT INTO search_word_parts (search_word_parts) VALUES ('rebuild'); DELETE FROM search_state"
        }
        DbConnection::Postgres(_) => "DELETE FROM message_search; DELETE FROM search_words; DELETE FROM search_state",
    })?;
    let indexed = index_all(connection)?;
    diesel::sql_query(format!("INSERT INTO search_state (version) VALUES ({VERSION})")).execute(connection)?;
    if indexed > 0 {
        info!(messages = indexed, "made the search index");
    }
    Ok(())
}

fn index_all(connection: &mut DbConnection) -> QueryResult<usize> {
    let (mut last, mut indexed) = (0, 0);
    loop {
        let rows: Vec<(i64, i64, i64, String, String)> = messages::table
            .filter(messages::id.gt(last).and(messages::deleted_at.is_null()))
            .order(messages::id)
            .limit(CHUNK)
            .select((messages::id, messages::room_id, messages::author_id, messages::body, messages::html))
            .load(connection)?;
        let Some((id, ..)) = rows.last() else { return Ok(indexed) };
        last = *id;
        indexed += rows.len();
        let with_files: Vec<Option<i64>> = files::table
            .filter(files::message_id.between(rows[0].0, last))
            .select(files::message_id)
            .load(connection)?;
        for (id, room, author, text, html) in rows {
            let entry = SearchEntry::new(&text, &html, |_| false).with_files(with_files.contains(&Some(id)));
            index::add(connection, MessageId(id), RoomId(room), UserId(author), &entry)?;
        }
    }
}
