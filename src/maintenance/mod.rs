//! What is done to an instance from a terminal: backing up, restoring, exporting, checking, helping people who are locked
//! out. Most of it works while a server runs on the same data.

mod archive;
mod audit;
mod backup;
mod export;
mod people;
mod restore;
mod timed_writer;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::auth::PasswordError;
use crate::domain::InvalidField;
use crate::store::{ExportError, OpenError, Snapshot, StoreError};

pub use crate::domain::AuditAction;
pub use crate::store::{ContentCheck, DatabaseUrl, ExportScope, Finding};
pub use audit::{audit, note_in_trail};
pub use backup::{Backup, BackupReport, backup};
pub use export::{ExportOptions, export};
pub use people::{create_token, make_administrator, reset_password, set_active};
pub use restore::restore;
pub use timed_writer::TimedWriter;

/// Why it was not done, in words for the person at the terminal.
#[derive(Debug, Error)]
pub enum MaintenanceError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database refuses, or has no such room or person.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The export cannot be written to its end.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The archive is not what `hubbub backup` writes, or not all of it.
    #[error("{} is no whole backup: {reason}", .path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Restoring would mix two instances.
    #[error("{} is not empty; restore into a directory that does not exist yet (--data-dir)", .0.display())]
    NotEmpty(PathBuf),
    /// A backup is not replaced unless that is said.
    #[error("{} exists; name another file, or add --replace", .0.display())]
    Exists(PathBuf),
    /// A server's own tools do it better.
    #[error(
        "a Postgres database is backed up with pg_dump and restored with pg_restore, which docs/operating.md shows under \
         \"Backing up\"; beside it, keep the data directory"
    )]
    Postgres,
    /// The user name is none.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// Says which file an error is about.
fn at(path: &Path) -> impl Fn(io::Error) -> MaintenanceError {
    move |source| MaintenanceError::File { path: path.to_owned(), source }
}

/// Whether an instance agrees with itself, the database and the contents of files in `contents`: what should not be.
///
/// # Errors
/// [`MaintenanceError`] when the database cannot be opened, or the directory not be read.
pub fn check(url: &DatabaseUrl, contents: &Path, closely: ContentCheck) -> Result<Vec<Finding>, MaintenanceError> {
    let mut snapshot = Snapshot::open(url)?;
    let mut findings = snapshot.check();
    let mut of_contents = snapshot.check_contents(contents, closely)?;
    if !of_contents.is_empty() {
        let again = Snapshot::open(url)?.check_contents(contents, closely)?;
        of_contents.retain(|finding| again.contains(finding));
    }
    findings.append(&mut of_contents);
    Ok(findings)
}
