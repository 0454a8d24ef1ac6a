//! Backing up a running instance into one file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use crate::domain::Timestamp;
use crate::store::{DatabaseUrl, copy_sqlite};

use super::archive::{DATABASE, Digesting, FILES, FORMAT, MANIFEST, Manifest, ManifestFile};
use super::{MaintenanceError, at};

/// Writes the database, the secrets and the files of a data directory into `archive`, while a server may go on writing.
/// Answers the archive's size in bytes.
///
/// The database is copied first, in one transaction: a file that a message of the copy refers to is there when the files
/// are copied. The archive appears under its name when it is whole and on the disk.
///
/// # Errors
/// [`MaintenanceError`]; then there is no archive.
pub fn backup(url: &DatabaseUrl, data_dir: &Path, archive: &Path) -> Result<u64, MaintenanceError> {
    let DatabaseUrl::Sqlite(database) = url else { return Err(MaintenanceError::Postgres) };
    let parts = Parts::make(archive)?;
    let copy = parts.0.join(DATABASE);
    copy_sqlite(database, &copy)?;
    let unfinished = parts.0.join("archive");
    let mut writer = ArchiveWriter::create(&unfinished)?;
    writer.add(&copy, DATABASE)?;
    for (path, name) in secrets(data_dir)? {
        writer.add(&path, &name)?;
    }
    for (path, name) in files(data_dir)? {
        writer.add(&path, &name)?;
    }
    let bytes = writer.finish()?;
    fs::rename(&unfinished, archive).map_err(at(archive))?;
    sync_directory_of(archive)?;
    Ok(bytes)
}

/// A directory beside the archive for what is not finished, for its owner only; it goes with this value.
struct Parts(PathBuf);

impl Parts {
    fn make(archive: &Path) -> Result<Self, MaintenanceError> {
        let mut name = archive.as_os_str().to_owned();
        name.push(format!(".{}.parts", std::process::id()));
        let path = PathBuf::from(name);
        DirBuilder::new().mode(0o700).create(&path).map_err(at(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        // Whatever stays behind is named after the archive, and harmless.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is being received is nobody's yet.
const RECEIVING: &str = "files/incoming";

/// Files with their names in the archive, in the order of the names.
type Named = Vec<(PathBuf, String)>;

/// What was made on first start.
fn secrets(data_dir: &Path) -> Result<Named, MaintenanceError> {
    let mut found = list(data_dir, "")?;
    found.retain(|(path, name)| path.is_file() && name.ends_with(".json"));
    Ok(found)
}

/// What was uploaded.
fn files(data_dir: &Path) -> Result<Named, MaintenanceError> {
    let mut found = Vec::new();
    let mut directories = vec![(data_dir.join(FILES), FILES.to_owned())];
    while let Some((directory, name)) = directories.pop() {
        if !directory.is_dir() {
            continue;
        }
        for (path, name) in list(&directory, &format!("{name}/"))? {
            if name == RECEIVING {
                continue;
            }
            if path.is_dir() { directories.push((path, name)) } else { found.push((path, name)) }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The entries of a directory. A name that is not UTF-8 is not ours.
fn list(directory: &Path, prefix: &str) -> Result<Named, MaintenanceError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        let entry = entry.map_err(at(directory))?;
        if let Some(name) = entry.file_name().to_str() {
            found.push((entry.path(), format!("{prefix}{name}")));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// An archive that is being written.
struct ArchiveWriter {
    path: PathBuf,
    tar: Builder<BufWriter<File>>,
    files: Vec<ManifestFile>,
}

impl ArchiveWriter {
    fn create(path: &Path) -> Result<Self, MaintenanceError> {
        // It holds password hashes and keys.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))?;
        let tar = Builder::new(BufWriter::with_capacity(1 << 20, file));
        Ok(Self { path: path.to_owned(), tar, files: Vec::new() })
    }

    fn add(&mut self, path: &Path, name: &str) -> Result<(), MaintenanceError> {
        let file = match File::open(path) {
            // Removed since the directory was read: whoever removed it needs it no more.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            file => file.map_err(at(path))?,
        };
        let bytes = file.metadata().map_err(at(path))?.len();
        // No more than the header says, even if the file should grow.
        let mut content = Digesting::new(file.take(bytes));
        self.tar.append_data(&mut header(bytes), name, &mut content).map_err(at(path))?;
        self.files.push(content.finish(name.to_owned()));
        Ok(())
    }

    /// Writes the list, and brings everything to the disk.
    fn finish(mut self) -> Result<u64, MaintenanceError> {
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: Timestamp::now().to_string(),
            files: self.files,
        };
        let path = self.path;
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| at(&path)(error.into()))?;
        let write = || {
            self.tar.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
            let mut buffer = self.tar.into_inner()?;
            buffer.flush()?;
            let file = buffer.get_ref();
            file.sync_all()?;
            Ok(file.metadata()?.len())
        };
        write().map_err(at(&path))
    }
}

fn header(bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

/// A rename is on the disk when its directory is.
fn sync_directory_of(path: &Path) -> Result<(), MaintenanceError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(at(parent))
}
