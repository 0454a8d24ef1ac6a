//! A Postgres database for one test of the whole server.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use super::settings::skip;

/// A schema of its own on the server that `HUBBUB_TEST_POSTGRES_URL` names; it goes away with this value.
pub(crate) struct PostgresSchema {
    server: String,
    name: String,
}

impl PostgresSchema {
    /// `None`, which is said, when no server is named; a failure when `HUBBUB_TEST_REQUIRE_POSTGRES` is set.
    pub(crate) fn create() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = env::var("HUBBUB_TEST_POSTGRES_URL") else {
            skip("HUBBUB_TEST_POSTGRES_URL names no server", "HUBBUB_TEST_REQUIRE_POSTGRES");
            return None;
        };
        let name = format!("it_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let schema = Self { server, name };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        Some(schema)
    }

    /// The URL of a database whose tables are in this schema.
    pub(crate) fn url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{separator}options=-csearch_path%3D{}", self.server, self.name)
    }

    fn run(&self, sql: &str) {
        let mut connection = PgConnection::establish(&self.server).expect("the server answers");
        connection.batch_execute(sql).expect("the SQL runs");
    }
}

impl Drop for PostgresSchema {
    fn drop(&mut self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}
