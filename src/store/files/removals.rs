//! Contents on the disk that are to be removed once no row has them: the table `file_removals`.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::store::engine::schema::{file_removals, files};
use crate::store::{Store, StoreError};

use super::content_hash::ContentHash;

impl Store {
    /// Marks a content: it may have no row left, and is to be looked at.
    pub(super) async fn mark_for_removal(&self, hash: ContentHash) -> Result<(), StoreError> {
        self.write(move |connection| {
            let noted = file_removals::table.find(hash.as_str()).select(file_removals::hash);
            if noted.first::<String>(connection).optional()?.is_none() {
                let noted = file_removals::hash.eq(hash.as_str());
                diesel::insert_into(file_removals::table).values(noted).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Contents that are marked, at most `limit`.
    pub(super) async fn marked_for_removal(&self, limit: i64) -> Result<Vec<ContentHash>, StoreError> {
        self.read(move |connection| {
            let hashes: Vec<String> = file_removals::table.select(file_removals::hash).limit(limit).load(connection)?;
            Ok(hashes.into_iter().map(ContentHash::stored).collect())
        })
        .await
    }

    /// Those of the contents that have no row and are not marked.
    pub(super) async fn contents_without_row(
        &self,
        mut hashes: Vec<ContentHash>,
    ) -> Result<Vec<ContentHash>, StoreError> {
        self.read_snapshot(move |connection| {
            let names: Vec<String> = hashes.iter().map(|hash| hash.as_str().to_owned()).collect();
            let mut known: HashSet<String> = files::table
                .filter(files::hash.eq_any(&names))
                .select(files::hash)
                .load(connection)?
                .into_iter()
                .collect();
            let noted = file_removals::table.filter(file_removals::hash.eq_any(&names)).select(file_removals::hash);
            known.extend(noted.load::<String>(connection)?);
            hashes.retain(|hash| !known.contains(hash.as_str()));
            Ok(hashes)
        })
        .await
    }

    /// Whether a row names the content.
    pub(super) async fn is_content_used(&self, hash: ContentHash) -> Result<bool, StoreError> {
        // Through the writer: what it is about to commit counts.
        self.write(move |connection| {
            let used = files::table.filter(files::hash.eq(hash.as_str())).select(files::id);
            Ok(used.first::<i64>(connection).optional()?.is_some())
        })
        .await
    }

    /// Removes the mark from a content.
    pub(super) async fn unmark_for_removal(&self, hash: ContentHash) -> Result<(), StoreError> {
        self.write(move |connection| {
            diesel::delete(file_removals::table.find(hash.as_str())).execute(connection)?;
            Ok(())
        })
        .await
    }
}
