//! Making a data directory out of a backup.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use tar::{Archive, Entry, EntryType};

use crate::store::verify_sqlite;

use super::archive::{DATABASE, Digesting, FORMAT, MANIFEST, Manifest, ManifestFile};
use super::{MaintenanceError, at};

/// Unpacks `archive` into `data_dir`, which must not exist or be empty; a link leads to where it points. Everything is
/// checked before anything appears under its name: that nothing is missing or changed, and that the database is whole.
///
/// # Errors
/// [`MaintenanceError`]; then there is no such directory, or it is as empty as before.
pub fn restore(archive: &Path, data_dir: &Path) -> Result<(), MaintenanceError> {
    let data_dir = behind_links(data_dir)?;
    let exists = data_dir.is_dir();
    if exists && !is_empty(&data_dir)? {
        return Err(MaintenanceError::NotEmpty(data_dir));
    }
    // A directory that is there stays: it may be where a disk is mounted, or have an owner of its own.
    let staging = if exists { Staging::within(&data_dir)? } else { Staging::beside(&data_dir)? };
    unpack(archive, &staging.0)?;
    verify_sqlite(&staging.0.join(DATABASE))?;
    if !exists {
        return fs::rename(&staging.0, &data_dir).map_err(at(&data_dir));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&staging.0).map_err(at(&staging.0))? {
        names.push(entry.map_err(at(&staging.0))?.file_name());
    }
    // The database last: what was interrupted before is refused by the server, which misses it.
    names.sort_by_key(|name| name == DATABASE);
    for name in names {
        let to = data_dir.join(&name);
        fs::rename(staging.0.join(&name), &to).map_err(at(&to))?;
    }
    File::open(&data_dir).and_then(|directory| directory.sync_all()).map_err(at(&data_dir))
}

/// Where a path leads, also by a link to what does not exist yet.
fn behind_links(path: &Path) -> Result<PathBuf, MaintenanceError> {
    let mut path = std::path::absolute(path).map_err(at(path))?;
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(at(&path)(io::Error::other("too many links")))
}

/// A file system of its own has a directory for what it finds again.
const FOUND_AGAIN: &str = "lost+found";

fn is_empty(directory: &Path) -> Result<bool, MaintenanceError> {
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        if entry.map_err(at(directory))?.file_name() != FOUND_AGAIN {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The directory while it is not whole; what is left of it goes with this value.
struct Staging(PathBuf);

impl Staging {
    /// Beside a directory that does not exist yet.
    fn beside(data_dir: &Path) -> Result<Self, MaintenanceError> {
        if let Some(parent) = data_dir.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        let mut name = data_dir.as_os_str().to_owned();
        name.push(format!(".{}.restoring", std::process::id()));
        Self::make(PathBuf::from(name))
    }

    /// In a directory that is there.
    fn within(data_dir: &Path) -> Result<Self, MaintenanceError> {
        Self::make(data_dir.join(format!(".{}.restoring", std::process::id())))
    }

    fn make(path: PathBuf) -> Result<Self, MaintenanceError> {
        DirBuilder::new().mode(0o700).create(&path).map_err(at(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // It was renamed, or is of no use.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn unpack(archive: &Path, to: &Path) -> Result<(), MaintenanceError> {
    let broken = |reason: String| MaintenanceError::Archive { path: archive.to_owned(), reason };
    let file = File::open(archive).map_err(at(archive))?;
    let mut tar = Archive::new(BufReader::with_capacity(1 << 20, file));
    let mut unpacked = BTreeMap::new();
    let mut manifest = None;
    for entry in tar.entries().map_err(at(archive))? {
        let mut entry = entry.map_err(|error| broken(error.to_string()))?;
        let name = name_of(&entry).ok_or_else(|| broken("it contains what no backup contains".to_owned()))?;
        if name == MANIFEST {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(|error| broken(error.to_string()))?;
            manifest = Some(serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?);
        } else {
            let written = write(entry, &to.join(&name), name.clone()).map_err(|error| broken(error.to_string()))?;
            unpacked.insert(name, written);
        }
    }
    let manifest: Manifest =
        manifest.ok_or_else(|| broken("it has no list of its content; was it cut off?".to_owned()))?;
    compare(&manifest, unpacked).map_err(broken)
}

/// The name of a plain file within the archive; `None` for everything else: a backup has no links, and no names that lead
/// out of the directory.
fn name_of(entry: &Entry<'_, impl Read>) -> Option<String> {
    let path = entry.path().ok()?;
    let is_inside = path.components().all(|component| matches!(component, Component::Normal(_)));
    let is_plain = entry.header().entry_type() == EntryType::Regular;
    (is_inside && is_plain).then(|| path.to_str().map(str::to_owned)).flatten()
}

fn write(entry: Entry<'_, impl Read>, path: &Path, name: String) -> io::Result<ManifestFile> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut content = Digesting::new(entry);
    io::copy(&mut content, &mut file)?;
    file.sync_all()?;
    Ok(content.finish(name))
}

/// Compares what was unpacked with what the archive's list says.
fn compare(manifest: &Manifest, mut unpacked: BTreeMap<String, ManifestFile>) -> Result<(), String> {
    if manifest.format != FORMAT {
        return Err(format!("it has the format {}, which this version does not know", manifest.format));
    }
    for listed in &manifest.files {
        match unpacked.remove(&listed.path) {
            Some(file) if file == *listed => {}
            Some(_) => return Err(format!("{} was changed", listed.path)),
            None => return Err(format!("{} is missing", listed.path)),
        }
    }
    match unpacked.into_keys().next() {
        Some(path) => Err(format!("{path} is not in its list")),
        None => Ok(()),
    }
}
