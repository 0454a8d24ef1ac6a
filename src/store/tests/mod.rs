//! The store through its public face, every test on both databases with a database of its own.
//!
//! SQLite always; Postgres when `HUBBUB_TEST_POSTGRES_URL` names a server (`tests/postgres.sh` starts one), else that
//! half says that it was skipped, or fails when `HUBBUB_TEST_REQUIRE_POSTGRES` is `1`.

mod admin;
mod database;
mod documents;
mod engine;
mod files;
mod jobs;
mod log;
mod messages;
mod people;
mod rooms;
mod script;
mod search;
mod webhooks;

use database::TestDatabase;

/// Makes a test for each database out of one.
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: &TestDatabase) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn check($database: &TestDatabase) $body

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                check(&TestDatabase::sqlite()).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if let Some(database) = TestDatabase::postgres() {
                    check(&database).await;
                }
            }
        }
    )+};
}
use on_both_databases;
