//! Rebuilding the index when it is missing, or was made by a version of the program that cuts words differently.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tracing::info;

use crate::domain::{MessageId, RoomId, UserId, name_words, word_list};
use crate::store::engine::connection::{DbConnection, begin_write, commit, rollback};
use crate::store::engine::schema::{documents, messages, users};
use crate::store::files::rows::files_of_messages;

use super::entry::{NEVER, SearchEntry};
use super::index;

/// To be incremented when words are cut differently; the next start then rebuilds the index.
const VERSION: i64 = 2;

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
    #[diesel(sql_type = BigInt)]
    removals: i64,
}

fn rebuild(connection: &mut DbConnection) -> QueryResult<()> {
    if let DbConnection::Postgres(postgres) = connection {
        // The number is arbitrary; it only has to be the same in every Hubbub.
        postgres.batch_execute("SELECT pg_advisory_xact_lock(1215652451)")?;
    }
    let state: Option<StateRow> =
        diesel::sql_query("SELECT version, removals FROM search_state").get_result(connection).optional()?;
    if state.as_ref().is_some_and(|state| state.version == VERSION) {
        return Ok(());
    }
    connection.batch_execute(match connection {
        DbConnection::Sqlite(_) => {
            "INSERT INTO message_search (message_search) VALUES ('delete-all'); DELETE FROM search_words; \
             INSERT INTO search_word_parts (search_word_parts) VALUES ('rebuild'); DELETE FROM search_state"
        }
        DbConnection::Postgres(_) => "DELETE FROM message_search; DELETE FROM search_words; DELETE FROM search_state",
    })?;
    // All words were removed: what other processes remember counts no more.
    let removals = state.map_or(0, |state| state.removals.saturating_add(1));
    diesel::sql_query(format!("INSERT INTO search_state (version, removals) VALUES ({VERSION}, {removals})"))
        .execute(connection)?;
    let indexed = index_all(connection)?;
    cut_documents(connection)?;
    cut_names(connection)?;
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
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let mut files = files_of_messages(connection, &ids)?;
        for (id, room, author, text, html) in rows {
            let files = files.remove(&id).unwrap_or_default();
            let entry = SearchEntry::new(&text, &html, NEVER, |_| false).with_files(&files);
            index::add(connection, MessageId(id), RoomId(room), UserId(author), &entry)?;
        }
    }
}

fn cut_documents(connection: &mut DbConnection) -> QueryResult<()> {
    let ids: Vec<i64> = documents::table.select(documents::id).load(connection)?;
    for id in ids {
        let text = documents::table.find(id).select((documents::title, documents::text));
        let (title, text): (String, String) = text.first(connection)?;
        diesel::update(documents::table.find(id))
            .set((documents::title_words.eq(word_list(&title)), documents::words.eq(word_list(&text))))
            .execute(connection)?;
    }
    Ok(())
}

fn cut_names(connection: &mut DbConnection) -> QueryResult<()> {
    let people: Vec<(i64, String, String)> =
        users::table.select((users::id, users::name, users::username)).load(connection)?;
    for (id, name, username) in people {
        diesel::update(users::table.find(id))
            .set(users::name_words.eq(name_words(&name, &username)))
            .execute(connection)?;
    }
    Ok(())
}
