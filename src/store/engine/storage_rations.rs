//! How much one person may keep in the database: sums that a change must not exceed.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::domain::{Refusal, RoomId, UserId};

use super::connection::DbConnection;
use super::error::StoreError;

/// How much one person, room or document may keep; `None`: as much as there is room for.
#[derive(Debug, Clone, Copy, Default)]
pub struct StorageRations {
    /// Bytes of a person's files that belong to no message.
    pub unattached_bytes: Option<u64>,
    /// Bytes of all files of a person.
    pub file_bytes: Option<u64>,
    /// Documents of a room.
    pub documents_per_room: Option<u64>,
    /// Bytes of all documents that a person has made.
    pub document_bytes: Option<u64>,
    /// Bytes of a document's versions.
    pub version_bytes: Option<u64>,
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = BigInt)]
    sum: i64,
}

impl StorageRations {
    /// Refuses a file that would be beyond its uploader's ration.
    ///
    /// # Errors
    /// [`Refusal::UnattachedBytesUsedUp`], [`Refusal::FileBytesUsedUp`].
    pub(in crate::store) fn require_file(
        &self,
        connection: &mut DbConnection,
        uploader: UserId,
        bytes: u64,
    ) -> Result<(), StoreError> {
        let of_person =
            format!("SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) AS sum FROM files WHERE uploader_id = {uploader}");
        let waiting = format!("{of_person} AND message_id IS NULL");
        require(connection, self.unattached_bytes, bytes, &waiting, Refusal::UnattachedBytesUsedUp)?;
        require(connection, self.file_bytes, bytes, &of_person, Refusal::FileBytesUsedUp)
    }

    /// Refuses a room another document when it has as many as it may.
    ///
    /// # Errors
    /// [`Refusal::RoomDocumentsUsedUp`].
    pub(in crate::store) fn require_document(
        &self,
        connection: &mut DbConnection,
        room: RoomId,
    ) -> Result<(), StoreError> {
        let query = format!("SELECT count(*) AS sum FROM documents WHERE room_id = {room}");
        require(connection, self.documents_per_room, 1, &query, Refusal::RoomDocumentsUsedUp)
    }

    /// Refuses a document that grows beyond the ration of whoever made it.
    ///
    /// # Errors
    /// [`Refusal::DocumentBytesUsedUp`].
    pub(in crate::store) fn require_document_bytes(
        &self,
        connection: &mut DbConnection,
        maker: UserId,
        added: u64,
    ) -> Result<(), StoreError> {
        let query =
            format!("SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) AS sum FROM documents WHERE created_by = {maker}");
        require(connection, self.document_bytes, added, &query, Refusal::DocumentBytesUsedUp)
    }
}

/// Refuses `more` than a limit leaves beside the sum of a query. Numbers of ours alone are in the query's text.
fn require(
    connection: &mut DbConnection,
    limit: Option<u64>,
    more: u64,
    query: &str,
    refusal: Refusal,
) -> Result<(), StoreError> {
    let Some(limit) = limit else { return Ok(()) };
    let Sum { sum } = diesel::sql_query(query).get_result(connection)?;
    if u64::try_from(sum).unwrap_or(0).saturating_add(more) > limit { Err(refusal.into()) } else { Ok(()) }
}
