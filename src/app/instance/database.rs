//! Which database, and running its migrations without serving.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::start_error::StartError;
use crate::config::{Secret, StoreConfig};
use crate::store::{DatabaseUrl, InvalidDatabaseUrl, Store, StoreOptions};

use super::data_dir::DataDir;

/// The keys that sign access tokens.
const KEYS: &str = "token-keys.json";

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

/// Refuses to make a new database beside the keys and the contents of files of an earlier one. Both are made after the
/// database, so a first start that was broken off leaves neither.
///
/// # Errors
/// [`StartError::DatabaseGone`], [`StartError::Open`] when the database does not answer.
pub(in crate::app) fn refuse_new_beside_old(
    url: &DatabaseUrl,
    data_dir: &Path,
    contents: &Path,
) -> Result<(), StartError> {
    let keys = data_dir.join(KEYS);
    let evidence = if keys.exists() { Some(keys) } else { first_content(contents) };
    match evidence {
        Some(evidence) if !Store::is_there(url)? => {
            Err(StartError::DatabaseGone { database: url.to_string(), evidence: evidence.display().to_string() })
        }
        Some(_) | None => Ok(()),
    }
}

/// A content of a file, if there is one: in a directory named by two hexadecimal digits.
fn first_content(contents: &Path) -> Option<PathBuf> {
    let directories = fs::read_dir(contents).ok()?.filter_map(Result::ok);
    let of_contents = directories.filter(|entry| entry.file_name().len() == 2);
    of_contents.filter_map(|entry| fs::read_dir(entry.path()).ok()?.next()?.ok()).map(|entry| entry.path()).next()
}

/// Creates the database when it does not exist, and runs its migrations. Fails while a server uses the data directory, which
/// would find a schema that it does not know.
///
/// # Errors
/// A [`StartError`].
pub async fn migrate(data_dir: &Path, url: &DatabaseUrl) -> Result<(), StartError> {
    let _held = DataDir::open(data_dir)?;
    refuse_new_beside_old(url, data_dir, &data_dir.join("files"))?;
    Store::open(url, &StoreOptions::default())?.close().await;
    Ok(())
}

pub(in crate::app) fn options(config: &StoreConfig) -> StoreOptions {
    StoreOptions {
        read_connections: config.read_connections,
        read_timeout: Duration::from_secs(config.read_timeout_secs.into()),
        page_bytes: config.max_page_bytes,
        write_queue: config.write_queue,
        write_batch: config.write_batch,
    }
}
