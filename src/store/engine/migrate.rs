//! Running the migrations when the server starts. The migrations are embedded in the program, under the same names for
//! both databases.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::store::OpenError;

use super::connection::DbConnection;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Runs the pending migrations, all or none. Several processes may start at once: one migrates, the others wait for it.
///
/// # Errors
/// [`OpenError::Newer`] when the database was made by a later version, [`OpenError::Migrate`].
pub(in crate::store) fn migrate(connection: &mut DbConnection) -> Result<(), OpenError> {
    match connection {
        DbConnection::Sqlite(sqlite) => sqlite.immediate_transaction(|sqlite| run_pending(sqlite, SQLITE_MIGRATIONS)),
        DbConnection::Postgres(postgres) => postgres.transaction(|postgres| {
            // The number is arbitrary; it only has to be the same in every Hubbub.
            postgres.batch_execute("SELECT pg_advisory_xact_lock(1215652450)")?;
            run_pending(postgres, POSTGRES_MIGRATIONS)
        }),
    }
}

fn run_pending<C, DB>(connection: &mut C, migrations: EmbeddedMigrations) -> Result<(), OpenError>
where
    C: MigrationHarness<DB>,
    DB: Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known: Vec<Box<dyn Migration<DB>>> = migrations.migrations().map_err(migrate_failed)?;
    let applied = connection.applied_migrations().map_err(migrate_failed)?;
    if let Some(newer) = applied.iter().find(|version| known.iter().all(|one| one.name().version() != **version)) {
        return Err(OpenError::Newer(newer.to_string()));
    }
    connection.run_pending_migrations(migrations).map_err(migrate_failed)?;
    Ok(())
}

/// Whether any migration has run.
pub(in crate::store) fn has_tables(connection: &mut DbConnection) -> bool {
    let query = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    let applied: QueryResult<Vec<Applied>> = diesel::sql_query(query).load(connection);
    applied.is_ok_and(|applied| !applied.is_empty())
}

/// Checks that no migration is pending. Changes nothing.
///
/// # Errors
/// [`OpenError::Outdated`], [`OpenError::Newer`].
pub(in crate::store) fn require_current(connection: &mut DbConnection) -> Result<(), OpenError> {
    let query = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    // Without that table it is a database in which nothing has been made yet.
    let applied: Vec<Applied> = diesel::sql_query(query).load(connection).map_err(|_| OpenError::Outdated)?;
    let known = match connection {
        DbConnection::Sqlite(_) => versions::<Sqlite>(&SQLITE_MIGRATIONS)?,
        DbConnection::Postgres(_) => versions::<Pg>(&POSTGRES_MIGRATIONS)?,
    };
    if let Some(newer) = applied.iter().find(|applied| !known.contains(&applied.version)) {
        return Err(OpenError::Newer(newer.version.clone()));
    }
    if applied.len() < known.len() { Err(OpenError::Outdated) } else { Ok(()) }
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

fn versions<DB: Backend>(migrations: &EmbeddedMigrations) -> Result<Vec<String>, OpenError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations: Vec<Box<dyn Migration<DB>>> = migrations.migrations().map_err(migrate_failed)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn migrate_failed(error: Box<dyn std::error::Error + Send + Sync>) -> OpenError {
    OpenError::Migrate(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_has_a_version_of_its_own_and_the_same_in_both_databases() {
        let sqlite = versions::<Sqlite>(&SQLITE_MIGRATIONS).expect("embedded");
        let mut distinct = sqlite.clone();
        distinct.dedup();
        assert_eq!(distinct, sqlite, "of two with one version, only one would ever run");
        assert_eq!(versions::<Pg>(&POSTGRES_MIGRATIONS).expect("embedded"), sqlite);
    }
}
