//! The contents of files on the disk, each stored once under its digest: `files/3a/3a7bd3…`, its thumbnail beside it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tokio::sync::{Mutex, MutexGuard};

use super::content_hash::{ContentHash, THUMBNAIL};
use super::upload::Upload;

/// The directory of the contents.
#[derive(Debug)]
pub(super) struct Contents {
    directory: PathBuf,
    /// One for each first byte of a digest. It is held from writing a content until its row is committed, and from
    /// finding that no row is left until the content is removed: a removal must not run during an upload of the same
    /// content.
    locks: Vec<Mutex<()>>,
}

impl Contents {
    /// Opens the directory, making it when it is missing, and removes uploads that a crash interrupted.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let contents = Self { directory: directory.to_owned(), locks: (0..256).map(|_| Mutex::default()).collect() };
        let mut make = DirBuilder::new();
        make.recursive(true).mode(0o700);
        make.create(directory)?;
        match fs::remove_dir_all(contents.incoming()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        make.create(contents.incoming())?;
        Ok(contents)
    }

    fn incoming(&self) -> PathBuf {
        self.directory.join("incoming")
    }

    /// Begins to receive a file.
    pub(super) fn begin(&self) -> io::Result<Upload> {
        Upload::begin(&self.incoming())
    }

    /// Locks a content against a removal and an upload at the same time.
    pub(super) async fn lock(&self, hash: &ContentHash) -> MutexGuard<'_, ()> {
        let first_byte = hash.as_str().get(..2).and_then(|digits| usize::from_str_radix(digits, 16).ok());
        self.locks[first_byte.unwrap_or_default()].lock().await
    }

    fn path(&self, hash: &ContentHash) -> PathBuf {
        self.directory.join(hash.path())
    }

    fn thumbnail_path(&self, hash: &ContentHash) -> PathBuf {
        self.path(hash).with_extension(THUMBNAIL)
    }

    /// Moves a content and its thumbnail to their final paths; durable when this returns.
    pub(super) fn keep(&self, file: NamedTempFile, hash: &ContentHash, thumbnail: Option<&[u8]>) -> io::Result<()> {
        let path = self.path(hash);
        let directory = path.parent().unwrap_or(&self.directory);
        if !directory.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
            File::open(&self.directory)?.sync_all()?;
        }
        if let Some(thumbnail) = thumbnail {
            let file = NamedTempFile::new_in(self.incoming())?;
            fs::write(file.path(), thumbnail)?;
            file.as_file().sync_all()?;
            file.persist(self.thumbnail_path(hash))?;
        }
        file.persist(&path)?;
        File::open(directory)?.sync_all()
    }

    /// All contents in the directory, also those of which only the thumbnail is there. Blocks.
    pub(super) fn hashes(&self) -> io::Result<Vec<ContentHash>> {
        let names = list(&self.directory)?.into_keys().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
        // What has another name was put there by somebody else.
        let mut names: Vec<_> = names.filter(|name| name.len() == 64 && hex::decode(name).is_ok()).collect();
        names.dedup();
        Ok(names.into_iter().map(ContentHash::stored).collect())
    }

    /// Opens a content.
    pub(super) fn read(&self, hash: &ContentHash) -> io::Result<File> {
        File::open(self.path(hash))
    }

    /// Opens the thumbnail of a content.
    pub(super) fn read_thumbnail(&self, hash: &ContentHash) -> io::Result<File> {
        File::open(self.thumbnail_path(hash))
    }

    /// Removes a content and its thumbnail; removing again does nothing.
    pub(super) fn remove(&self, hash: &ContentHash) -> io::Result<()> {
        for path in [self.thumbnail_path(hash), self.path(hash)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// The contents and thumbnails in the directory, by their path within it, and their lengths. A directory that does not
/// exist has none: it is made when the server starts.
pub(super) fn list(directory: &Path) -> io::Result<BTreeMap<PathBuf, u64>> {
    let mut found = BTreeMap::new();
    for first in entries(directory)? {
        // What is being received has no name yet, and the file system may have directories of its own.
        if first.len() != 2 || u8::from_str_radix(&first, 16).is_err() {
            continue;
        }
        for name in entries(&directory.join(&first))? {
            let path = Path::new(&first).join(name);
            match fs::metadata(directory.join(&path)) {
                Ok(content) => drop(found.insert(path, content.len())),
                // Removed since the directory was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// The names in a directory. Names that are not UTF-8 are not Hubbub's, and left out.
fn entries(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}
