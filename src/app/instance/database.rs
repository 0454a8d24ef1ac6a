//! Which database, and running its migrations without serving.

use std::path::Path;
use std::time::Duration;

use crate::app::start_error::StartError;
use crate::config::{Secret, StoreConfig};
use crate::store::{DatabaseUrl, InvalidDatabaseUrl, Store, StoreOptions};

use super::data_dir::DataDir;

/// The database that the settings name: the one given, or else SQLite in the data directory.
///
/// # Errors
/// [`InvalidDatabaseUrl`].
pub fn database_url(data_dir: &Path, url: Option<&Secret>) -> Result<DatabaseUrl, InvalidDatabaseUrl> {
    match url {
        Some(url) => url.expose().parse(),
        None => Ok(DatabaseUrl::Sqlite(data_dir.join("hubbub.sqlite3"))),
    }
}

/// Creates the database when it does not exist, and runs its migrations. Fails while a server uses the data directory, which
/// would find a schema that it does not know.
///
/// # Errors
/// A [`StartError`].
pub async fn migrate(data_dir: &Path, url: &DatabaseUrl) -> Result<(), StartError> {
    let _held = DataDir::open(data_dir)?;
    Store::open(url, &StoreOptions::default())?.close().await;
    Ok(())
}

pub(in crate::app) fn options(config: &StoreConfig) -> StoreOptions {
    StoreOptions {
        read_connections: config.read_connections,
        read_timeout: Duration::from_secs(config.read_timeout_secs.into()),
        write_queue: config.write_queue,
        write_batch: config.write_batch,
    }
}
