//! Consistency check of the rows of files and the contents on the disk, and which contents the rows need.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::store::StoreError;
use crate::store::admin::check::Finding;
use crate::store::admin::inspect::Snapshot;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{file_removals, files};

use super::content_hash::{ContentHash, THUMBNAIL};
use super::contents::list;

/// How closely the contents of files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentCheck {
    /// Whether they are there, and how long they are.
    Lengths,
    /// Every byte: the SHA-256 must be the one that the content is named by.
    Bytes,
}

/// A content that a file of the database needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededContent {
    /// The file, or the first of several with the same content.
    pub file_id: i64,
    /// The SHA-256, which is also its name.
    pub hash: ContentHash,
    /// The path of its thumbnail within the directory of the contents.
    pub thumbnail: Option<PathBuf>,
}

impl Snapshot {
    /// The contents that the files of the database need, each once.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn needed_contents(&mut self) -> Result<Vec<NeededContent>, StoreError> {
        let mut needed = BTreeMap::<PathBuf, NeededContent>::new();
        for row in load_rows(&mut self.connection)? {
            let path = row.hash.path();
            let thumbnail = row.has_thumbnail.then(|| path.with_extension(THUMBNAIL));
            let content = NeededContent { file_id: row.id, hash: row.hash, thumbnail: None };
            let entry = needed.entry(path).or_insert(content);
            entry.thumbnail = entry.thumbnail.take().or(thumbnail);
        }
        Ok(needed.into_values().collect())
    }

    /// Looks for files whose content is missing, has another length or, when every byte is read, other bytes, and for
    /// contents that no file has. While a server runs, a file may have been added or removed since the snapshot: only
    /// what a second check finds too is wrong.
    ///
    /// # Errors
    /// [`StoreError`] when the database or the directory cannot be read.
    pub fn check_contents(&mut self, directory: &Path, closely: ContentCheck) -> Result<Vec<Finding>, StoreError> {
        let rows = load_rows(&mut self.connection)?;
        let on_disk =
            list(directory).map_err(|error| StoreError::Unavailable(format!("the directory of the files: {error}")))?;
        let mut reader = (closely == ContentCheck::Bytes).then(|| ContentReader::new(directory));
        let mut wrong = |row: &Row| row.check(&on_disk).or_else(|| reader.as_mut()?.check(row));
        let mut findings: Vec<Finding> = rows.iter().filter_map(&mut wrong).collect();
        // What is noted to be removed, or to be given a row, is nobody's oversight.
        let noted: Vec<String> = file_removals::table.select(file_removals::hash).load(&mut self.connection)?;
        let known: HashSet<PathBuf> = rows
            .into_iter()
            .map(|row| row.hash)
            .chain(noted.into_iter().map(ContentHash::stored))
            .map(|hash| hash.path())
            .collect();
        let orphans = on_disk.keys().filter(|path| !known.contains(&path.with_extension("")));
        findings.extend(
            orphans.map(|path| Finding::new(format!("{}: no file has this content", directory.join(path).display()))),
        );
        Ok(findings)
    }
}

/// What a file must have on the disk.
struct Row {
    id: i64,
    bytes: i64,
    has_thumbnail: bool,
    hash: ContentHash,
}

fn load_rows(connection: &mut DbConnection) -> QueryResult<Vec<Row>> {
    let rows: Vec<(i64, i64, Option<String>, String)> = files::table
        .order(files::id)
        .select((files::id, files::bytes, files::thumbnail_type, files::hash))
        .load(connection)?;
    let row = |(id, bytes, thumbnail_type, hash): (i64, i64, Option<String>, String)| Row {
        id,
        bytes,
        has_thumbnail: thumbnail_type.is_some(),
        hash: ContentHash::stored(hash),
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Reads contents, each once: several files may have the same.
struct ContentReader<'a> {
    directory: &'a Path,
    /// What is wrong with each content that was read.
    read: HashMap<PathBuf, Option<String>>,
}

impl<'a> ContentReader<'a> {
    fn new(directory: &'a Path) -> Self {
        Self { directory, read: HashMap::new() }
    }

    fn check(&mut self, row: &Row) -> Option<Finding> {
        let path = row.hash.path();
        let whole = self.directory.join(&path);
        let wrong = self.read.entry(path).or_insert_with(|| match digest(&whole) {
            Ok(digest) if digest == row.hash => None,
            Ok(_) => Some("its content was changed: its SHA-256 is another".to_owned()),
            Err(error) => Some(format!("its content cannot be read: {error}")),
        });
        wrong.as_ref().map(|wrong| Finding::new(format!("file {}: {wrong}", row.id)))
    }
}

fn digest(path: &Path) -> io::Result<ContentHash> {
    let mut digest = Sha256::new();
    let mut reader = io::BufReader::with_capacity(1 << 18, File::open(path)?);
    loop {
        let bytes = io::BufRead::fill_buf(&mut reader)?;
        if bytes.is_empty() {
            return Ok(ContentHash::from(&digest.finalize()[..]));
        }
        digest.update(bytes);
        let count = bytes.len();
        io::BufRead::consume(&mut reader, count);
    }
}

impl Row {
    fn check(&self, on_disk: &BTreeMap<PathBuf, u64>) -> Option<Finding> {
        let Self { id, bytes, .. } = self;
        let path = self.hash.path();
        let wrong = match on_disk.get(&path) {
            None => "its content is missing".to_owned(),
            Some(found) if i64::try_from(*found) != Ok(*bytes) => {
                format!("its content has {found} bytes instead of {bytes}")
            }
            Some(_) if self.has_thumbnail && !on_disk.contains_key(&path.with_extension(THUMBNAIL)) => {
                "its thumbnail is missing".to_owned()
            }
            Some(_) => return None,
        };
        Some(Finding::new(format!("file {id}: {wrong}")))
    }
}
