//! The files of an export.

use diesel::prelude::*;

use crate::domain::{File, MessageId, RoomId, Timestamp, UserRef};
use crate::store::admin::selection::Selection;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::{files, rooms, users};
use crate::store::people::rows::AuthorRow;

use super::content_hash::ContentHash;
use super::rows::{FileRow, StoredFile};

/// A file with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedFile {
    /// The file.
    pub file: File,
    /// The room that it was uploaded into.
    pub room_id: RoomId,
    /// The message that has it; `None`: it is not attached yet.
    pub message_id: Option<MessageId>,
    /// Who uploaded it.
    pub uploader: UserRef,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// Its content.
    pub hash: ContentHash,
}

/// The files after `after`, in the order of their ids, at most `limit`. Of a room only attached ones: the others are
/// still private to their uploaders.
pub(in crate::store) fn exported_files(
    connection: &mut DbConnection,
    selection: Selection,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<ExportedFile>> {
    let mut page = files::table
        .inner_join(users::table)
        .filter(files::id.gt(after))
        .filter(files::room_id.eq_any(rooms::table.filter(rooms::deleted_at.is_null()).select(rooms::id)))
        .order(files::id)
        .limit(limit)
        .select((FileRow::as_select(), files::created_at, AuthorRow::as_select()))
        .into_boxed();
    page = match selection {
        Selection::All => page,
        Selection::Room(room) => page.filter(files::room_id.eq(room.0).and(files::message_id.is_not_null())),
        Selection::UserRef(author) => page.filter(files::uploader_id.eq(author.0)),
    };
    let rows: Vec<(FileRow, i64, AuthorRow)> = page.load(connection)?;
    let exported = |(row, created_at, uploader): (FileRow, i64, AuthorRow)| {
        let (room_id, message_id) = (RoomId(row.room_id), row.message_id.map(MessageId));
        let StoredFile { file, hash, .. } = row.into();
        ExportedFile { file, room_id, message_id, uploader: uploader.into(), created_at: Timestamp(created_at), hash }
    };
    Ok(rows.into_iter().map(exported).collect())
}
