//! Which instance a command is about.

use std::path::PathBuf;

use clap::Args;

use crate::app::database_url;
use crate::config::Secret;
use crate::maintenance::DatabaseUrl;

use super::failure::Failure;

/// The same settings as the server's.
#[derive(Debug, Args)]
pub(super) struct InstanceArgs {
    /// Data directory: the embedded database, and the keys and credentials generated on first start
    #[arg(long, env = "HUBBUB_DATA_DIR", default_value = "./data", value_name = "DIR")]
    pub(super) data_dir: PathBuf,
    /// Database: sqlite:PATH or postgres://…; without it, SQLite in the data directory
    #[arg(long, env = "HUBBUB_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<Secret>,
    /// Directory of the contents of uploaded files; default: files in the data directory
    #[arg(long, env = "HUBBUB_FILES_DIR", value_name = "DIR")]
    files_dir: Option<PathBuf>,
}

impl InstanceArgs {
    pub(super) fn database_url(&self) -> Result<DatabaseUrl, Failure> {
        Ok(database_url(&self.data_dir, self.database_url.as_ref())?)
    }

    pub(super) fn files_dir(&self) -> PathBuf {
        self.files_dir.clone().unwrap_or_else(|| self.data_dir.join("files"))
    }
}
