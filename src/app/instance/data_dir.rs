//! The data directory: made when it is missing, and used by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::app::start_error::StartError;
use crate::config::require_private;

/// A data directory that this process holds.
#[derive(Debug)]
pub(in crate::app) struct DataDir {
    path: PathBuf,
    /// The lock goes with the file, also when the process is killed.
    lock: File,
}

/// A child process that is just being started has the file too, until it becomes the other program: the lock shall not
/// wait for that.
impl Drop for DataDir {
    fn drop(&mut self) {
        // What fails here is done when the file is closed.
        let _ = self.lock.unlock();
    }
}

impl DataDir {
    /// Opens the directory, making it (for its owner only) when it is missing.
    ///
    /// # Errors
    /// [`StartError::DataDir`] when it cannot be written, or another process holds it.
    pub(in crate::app) fn open(path: &Path) -> Result<Self, StartError> {
        let refuse = |reason: String| StartError::DataDir { path: path.display().to_string(), reason };
        let prepare = || -> io::Result<File> {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
            OpenOptions::new().create(true).append(true).mode(0o600).open(path.join("lock"))
        };
        let lock = prepare().map_err(|error| refuse(error.to_string()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(refuse("another Hubbub is using it".to_owned())),
            Err(TryLockError::Error(error)) => Err(refuse(error.to_string())),
        }
    }

    pub(in crate::app) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file, or writes what `make` returns when it does not exist: atomically, with mode 0600.
    ///
    /// # Errors
    /// [`StartError::OpenSecrets`] when everybody on the machine can read it, [`StartError::DataDir`].
    pub(in crate::app) fn read_or_make(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, StartError> {
        let file = self.path.join(name);
        require_private(&file)?;
        let read_or_make = || match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = make();
                let unfinished = self.path.join(format!("{name}.new"));
                let mut new =
                    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
                new.write_all(text.as_bytes())?;
                new.sync_all()?;
                fs::rename(&unfinished, &file)?;
                Ok(text)
            }
            read => read,
        };
        read_or_make()
            .map_err(|error| StartError::DataDir { path: file.display().to_string(), reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_holds_a_data_directory_at_a_time() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("data");
        let held = DataDir::open(&path).expect("free");
        let refused = DataDir::open(&path).expect_err("held");
        assert!(refused.to_string().contains("another Hubbub"), "{refused}");
        drop(held);
        assert!(DataDir::open(&path).is_ok());
    }

    #[test]
    fn a_secret_is_made_once_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::open(parent.path()).expect("free");
        let made = data_dir.read_or_make("secret", || "one".to_owned()).expect("written");
        let read = data_dir.read_or_make("secret", || "two".to_owned()).expect("read");
        assert_eq!((made.as_str(), read.as_str()), ("one", "one"));
        let mode = fs::metadata(parent.path().join("secret")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(parent.path().join("secret"), fs::Permissions::from_mode(0o604)).expect("set");
        let refused = data_dir.read_or_make("secret", || "two".to_owned()).expect_err("open").to_string();
        assert!(refused.contains("chmod 600") && refused.contains("secret"), "{refused}");
    }
}
