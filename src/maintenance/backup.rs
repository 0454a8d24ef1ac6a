//! Backing up a running instance into one file.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use crate::domain::Timestamp;
use crate::store::{DatabaseUrl, NeededContent, Snapshot, copy_sqlite, forget_removed_words};

use super::archive::{DATABASE, Digesting, FILES, FORMAT, MANIFEST, Manifest, ManifestFile};
use super::{MaintenanceError, at};

/// What is backed up.
#[derive(Debug, Clone, Copy)]
pub struct Backup<'a> {
    /// The database.
    pub url: &'a DatabaseUrl,
    /// Where the secrets are.
    pub data_dir: &'a Path,
    /// The directory of the contents of files.
    pub contents: &'a Path,
}

/// What became of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// The archive's size.
    pub bytes: u64,
    /// Contents that no file of the copied database has. They came while the backup was made, or are to be removed.
    pub left_out: usize,
    /// What is wrong in the instance, a sentence each: it is as wrong in the archive.
    pub damage: Vec<String>,
}

/// Writes the database, the secrets and the files of an instance into `archive`, while a server may go on writing.
///
/// The database is copied first, in one transaction, and then the contents that its files need. The copy and the contents
/// are checked as they are read. The archive appears under its name when it is whole and on the disk; one of that name is
/// replaced only when `may_replace` says so.
///
/// # Errors
/// [`MaintenanceError`]; then there is no new archive.
pub fn backup(from: &Backup<'_>, archive: &Path, may_replace: bool) -> Result<BackupReport, MaintenanceError> {
    let DatabaseUrl::Sqlite(database) = from.url else { return Err(MaintenanceError::Postgres) };
    let refuse_to_replace = || match archive.symlink_metadata() {
        Ok(_) if !may_replace => Err(MaintenanceError::Exists(archive.to_owned())),
        Ok(_) | Err(_) => Ok(()),
    };
    refuse_to_replace()?;
    let parts = Parts::make(archive)?;
    let copy = parts.0.join(DATABASE);
    copy_sqlite(database, &copy)?;
    let mut copied = Snapshot::open(&DatabaseUrl::Sqlite(copy.clone()))?;
    let mut damage: Vec<String> = copied.check().iter().map(ToString::to_string).collect();
    let needed = copied.needed_contents()?;
    // It reads, and would hold up the change.
    drop(copied);
    if let Err(error) = forget_removed_words(&copy) {
        damage.push(format!("the search index may have words of removed messages: {error}"));
    }
    let unfinished = parts.0.join("archive");
    let mut writer = ArchiveWriter::create(&unfinished)?;
    writer.add(&copy, DATABASE)?;
    for (path, name) in secrets(from.data_dir)? {
        writer.add(&path, &name)?;
    }
    damage.extend(add_contents(&mut writer, from, &needed)?);
    let left_out = count_others(from.contents, &needed)?;
    let bytes = writer.finish()?;
    refuse_to_replace()?;
    fs::rename(&unfinished, archive).map_err(at(archive))?;
    sync_directory_of(archive)?;
    Ok(BackupReport { bytes, left_out, damage })
}

/// Copies the contents that are needed. Answers what is wrong with them.
fn add_contents(
    writer: &mut ArchiveWriter,
    from: &Backup<'_>,
    needed: &[NeededContent],
) -> Result<Vec<String>, MaintenanceError> {
    let mut wrong = Vec::new();
    for content in needed {
        let place = content.hash.path();
        let finding = match writer.add(&from.contents.join(&place), &in_archive(&place))? {
            Some(file) if file.sha256 == content.hash.as_str() => None,
            Some(_) => Some("its content was changed: its SHA-256 is another"),
            None => Some("its content is missing"),
        };
        wrong.extend(finding.map(|finding| (content, finding)));
        if let Some(thumbnail) = &content.thumbnail
            && writer.add(&from.contents.join(thumbnail), &in_archive(thumbnail))?.is_none()
        {
            wrong.push((content, "its thumbnail is missing"));
        }
    }
    if !wrong.is_empty() {
        // A file that was deleted since the database was copied has taken its content along.
        let still: HashSet<_> = Snapshot::open(from.url)?.needed_contents()?.into_iter().map(|one| one.hash).collect();
        wrong.retain(|(content, _)| still.contains(&content.hash));
    }
    Ok(wrong.into_iter().map(|(content, finding)| format!("file {}: {finding}", content.file_id)).collect())
}

/// The name of a content in the archive.
fn in_archive(place: &Path) -> String {
    // Made of hexadecimal digits.
    format!("{FILES}/{}", place.display())
}

/// How many contents are there that are not needed.
fn count_others(contents: &Path, needed: &[NeededContent]) -> Result<usize, MaintenanceError> {
    let needed: HashSet<PathBuf> = needed.iter().map(|content| contents.join(content.hash.path())).collect();
    let mut others = 0;
    for (directory, name) in list_if_there(contents)? {
        // Two hexadecimal digits; what is being received is in another directory.
        if name.len() == 2 && directory.is_dir() {
            let is_other = |path: &PathBuf| path.extension().is_none() && !needed.contains(path);
            others += list_if_there(&directory)?.iter().filter(|(path, _)| is_other(path)).count();
        }
    }
    Ok(others)
}

/// The entries of a directory that may not have been made yet.
fn list_if_there(directory: &Path) -> Result<Named, MaintenanceError> {
    if directory.is_dir() { list(directory, "") } else { Ok(Vec::new()) }
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

/// Files with their names in the archive, in the order of the names.
type Named = Vec<(PathBuf, String)>;

/// What was made on first start.
fn secrets(data_dir: &Path) -> Result<Named, MaintenanceError> {
    let mut found = list(data_dir, "")?;
    found.retain(|(path, name)| path.is_file() && name.ends_with(".json"));
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

    /// Adds a file, and answers what was read of it; `None` when there is no such file.
    fn add(&mut self, path: &Path, name: &str) -> Result<Option<ManifestFile>, MaintenanceError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(at(path))?,
        };
        let bytes = file.metadata().map_err(at(path))?.len();
        // No more than the header says, even if the file should grow.
        let mut content = Digesting::new(file.take(bytes));
        self.tar.append_data(&mut header(bytes), name, &mut content).map_err(at(path))?;
        let added = content.finish(name.to_owned());
        self.files.push(added.clone());
        Ok(Some(added))
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
