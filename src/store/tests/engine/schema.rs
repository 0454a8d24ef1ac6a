//! `docs/schema.md` draws the tables as the migrations make them, and both databases have the same.

use std::fmt::Write;
use std::{env, fs};

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};

use crate::store::engine::connection::DbConnection;
use crate::store::tests::{TestDatabase, on_both_databases};

const BEGINNING: &str = "# The schema

The tables as the migrations make them (`migrations/sqlite`, `migrations/postgres`), with the same names, columns and keys on both
databases. This file is generated: `HUBBUB_UPDATE_DOCS=1 cargo test --lib engine::schema` writes it, and the same test fails when it is
old. What the columns mean is said in the migrations.

Times are in microseconds since 1970 UTC. `?` marks columns that may be null. Not shown are the search's indexes, which differ:
`message_search`, `search_words` and, on SQLite, `search_word_parts` are made of the tables below and can be built again.

";

/// The tables in which the databases differ.
const INDEXES: [&str; 3] = ["message_search", "search_words", "search_word_parts"];

const SQLITE: &str = "
    SELECT tables.name AS table_name, columns.name AS column_name,
        CASE lower(columns.type) WHEN 'integer' THEN 'bigint' WHEN 'blob' THEN 'bytes' ELSE lower(columns.type) END AS kind,
        columns.\"notnull\" = 0 AND columns.pk = 0 AS may_be_null, columns.pk > 0 AS is_key,
        (SELECT keys.\"table\" FROM pragma_foreign_key_list(tables.name) AS keys WHERE keys.\"from\" = columns.name) AS target
    FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%' AND tables.name NOT LIKE '!_!_%' ESCAPE '!'";

const POSTGRES: &str = "
    SELECT tables.relname::text AS table_name, columns.attname::text AS column_name,
        CASE format_type(columns.atttypid, NULL) WHEN 'bytea' THEN 'bytes' ELSE format_type(columns.atttypid, NULL) END AS kind,
        NOT columns.attnotnull AS may_be_null,
        EXISTS (SELECT FROM pg_constraint AS keys
            WHERE keys.conrelid = tables.oid AND keys.contype = 'p' AND columns.attnum = ANY (keys.conkey)) AS is_key,
        (SELECT targets.relname::text FROM pg_constraint AS keys JOIN pg_class AS targets ON targets.oid = keys.confrelid
            WHERE keys.conrelid = tables.oid AND keys.contype = 'f' AND columns.attnum = ANY (keys.conkey)) AS target
    FROM pg_class AS tables JOIN pg_attribute AS columns ON columns.attrelid = tables.oid
    WHERE tables.relkind = 'r' AND tables.relnamespace = current_schema()::regnamespace
        AND columns.attnum > 0 AND NOT columns.attisdropped AND tables.relname NOT LIKE '!_!_%' ESCAPE '!'";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    may_be_null: bool,
    #[diesel(sql_type = Bool)]
    is_key: bool,
    /// The table whose key it holds.
    #[diesel(sql_type = Nullable<Text>)]
    target: Option<String>,
}

/// By table; within a table keys first, then references, then the rest by name, for the databases have different orders.
async fn columns(database: &TestDatabase) -> Vec<Column> {
    let columns = database.read(|connection| {
        Ok(match connection {
            DbConnection::Sqlite(sqlite) => diesel::sql_query(SQLITE).load::<Column>(sqlite)?,
            DbConnection::Postgres(postgres) => diesel::sql_query(POSTGRES).load(postgres)?,
        })
    });
    let mut columns = columns.await.expect("read");
    let is_index = |table: &str| {
        INDEXES
            .iter()
            .any(|index| table == *index || table.strip_prefix(index).is_some_and(|rest| rest.starts_with('_')))
    };
    columns.retain(|column| !is_index(&column.table_name));
    let place = |column: &Column| {
        let Column { table_name, column_name, is_key, target, .. } = column.clone();
        (table_name, !is_key, target.is_none(), column_name)
    };
    columns.sort_by_key(place);
    columns
}

fn document(columns: &[Column]) -> String {
    let mut text = format!("{BEGINNING}```mermaid\nerDiagram\n");
    for column in columns {
        if let Some(target) = &column.target {
            let one = if column.may_be_null { "|o" } else { "||" };
            writeln!(text, "    {target} {one}--o{{ {} : {}", column.table_name, column.column_name).expect("a text");
        }
    }
    for table in columns.chunk_by(|one, other| one.table_name == other.table_name) {
        writeln!(text, "    {} {{", table[0].table_name).expect("a text");
        for column in table {
            let marks = match (column.is_key, column.target.is_some()) {
                (true, true) => " PK, FK",
                (true, false) => " PK",
                (false, true) => " FK",
                (false, false) => "",
            };
            let null = if column.may_be_null { " \"?\"" } else { "" };
            writeln!(text, "        {} {}{marks}{null}", column.kind, column.column_name).expect("a text");
        }
        text.push_str("    }\n");
    }
    text + "```\n"
}

on_both_databases! {
    async fn the_schema_is_documented(database: &TestDatabase) {
        let columns = columns(database).await;
        assert!(columns.len() > 100, "only {} columns were found: this test no longer sees them", columns.len());
        let expected = document(&columns);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema.md");
        if env::var_os("HUBBUB_UPDATE_DOCS").is_some() {
            fs::write(path, &expected).expect("docs/ is writable");
        }
        let committed = fs::read_to_string(path).unwrap_or_default();
        let different = committed.lines().zip(expected.lines()).find(|(committed, expected)| committed != expected);
        assert!(
            committed == expected,
            "docs/schema.md is old, or the databases differ: {different:?}; run: HUBBUB_UPDATE_DOCS=1 cargo test --lib engine::schema"
        );
    }
}
