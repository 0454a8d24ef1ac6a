//! Rendering messages anew whose HTML an earlier version of the program made.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tracing::info;

use crate::domain::{RENDERER_VERSION, render_markdown};
use crate::store::engine::connection::{DbConnection, begin_write, commit, rollback};
use crate::store::engine::schema::messages;

/// Messages read at once.
const CHUNK: i64 = 1_000;

/// Renders all messages if their HTML is not of this version's renderer, in one transaction. Several processes may start
/// at once: one renders, the others wait for it. The log has no entry of it, for nobody has written anything.
///
/// # Errors
/// Those of the database; nothing was changed.
pub(in crate::store) fn rerender_if_outdated(connection: &mut DbConnection) -> QueryResult<()> {
    begin_write(connection)?;
    match rerender(connection) {
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

fn rerender(connection: &mut DbConnection) -> QueryResult<()> {
    if let DbConnection::Postgres(postgres) = connection {
        // The number is arbitrary; it only has to be the same in every Hubbub.
        postgres.batch_execute("SELECT pg_advisory_xact_lock(1215652452)")?;
    }
    let state: Option<StateRow> =
        diesel::sql_query("SELECT version FROM renderer_state").get_result(connection).optional()?;
    if state.is_some_and(|state| state.version == RENDERER_VERSION) {
        return Ok(());
    }
    let changed = render_all(connection)?;
    diesel::sql_query("DELETE FROM renderer_state").execute(connection)?;
    diesel::sql_query(format!("INSERT INTO renderer_state (version) VALUES ({RENDERER_VERSION})"))
        .execute(connection)?;
    if changed > 0 {
        info!(messages = changed, "rendered the messages that an earlier version had rendered otherwise");
    }
    Ok(())
}

/// Answers how many messages have another HTML than before.
fn render_all(connection: &mut DbConnection) -> QueryResult<usize> {
    let (mut last, mut changed) = (0, 0);
    loop {
        let rows: Vec<(i64, String, String)> = messages::table
            .filter(messages::id.gt(last).and(messages::deleted_at.is_null()))
            .order(messages::id)
            .limit(CHUNK)
            .select((messages::id, messages::body, messages::html))
            .load(connection)?;
        let Some((id, ..)) = rows.last() else { return Ok(changed) };
        last = *id;
        for (id, body, before) in rows {
            let html = render_markdown(&body);
            if html != before {
                diesel::update(messages::table.find(id)).set(messages::html.eq(html)).execute(connection)?;
                changed += 1;
            }
        }
    }
}
