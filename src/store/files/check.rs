//! Consistency check of the rows of files and the contents on the disk.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use diesel::prelude::*;

use crate::store::StoreError;
use crate::store::admin::check::Finding;
use crate::store::admin::inspect::Snapshot;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{file_removals, files};

use super::content_hash::{ContentHash, THUMBNAIL};
use super::contents::list;

impl Snapshot {
    /// Looks for files whose content is missing or has another length, and for contents that no file has. While a
    /// server runs, a file may have been added or removed since the snapshot: only what a second check finds too is
    /// wrong.
    ///
    /// # Errors
    /// [`StoreError`] when the database or the directory cannot be read.
    pub fn check_contents(&mut self, directory: &Path) -> Result<Vec<Finding>, StoreError> {
        let rows = load_rows(&mut self.connection)?;
        let on_disk =
            list(directory).map_err(|error| StoreError::Unavailable(format!("the directory of the files: {error}")))?;
        let mut findings: Vec<Finding> = rows.iter().filter_map(|row| row.check(&on_disk)).collect();
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
