//! The rows of files: which message has which.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use crate::domain::{File, FileId, Message, MessageId, Refusal, RoomId, UserId};
use crate::store::StoreError;
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::schema::files;
use crate::store::engine::statement::{json_list, statement};

use super::content_hash::ContentHash;

/// A file with its content hash, for sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The file.
    pub file: File,
    /// The thumbnail's media type, when it has one.
    pub thumbnail_type: Option<String>,
    /// Its content.
    pub hash: ContentHash,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = files, check_for_backend(MultiBackend))]
pub(super) struct FileRow {
    id: i64,
    pub(super) room_id: i64,
    pub(super) uploader_id: i64,
    pub(super) message_id: Option<i64>,
    name: String,
    content_type: String,
    bytes: i64,
    width: Option<i64>,
    height: Option<i64>,
    thumbnail_type: Option<String>,
    hash: String,
}

impl From<FileRow> for StoredFile {
    fn from(row: FileRow) -> Self {
        let pixels = |pixels: Option<i64>| pixels.and_then(|pixels| u32::try_from(pixels).ok());
        let file = File {
            id: FileId(row.id),
            name: row.name,
            content_type: row.content_type,
            bytes: u64::try_from(row.bytes).unwrap_or_default(),
            width: pixels(row.width),
            height: pixels(row.height),
            has_thumbnail: row.thumbnail_type.is_some(),
        };
        Self { file, thumbnail_type: row.thumbnail_type, hash: ContentHash::stored(row.hash) }
    }
}

/// The files of a post, in the order of `ids`. All must be uploaded by the author into this room, and attached to no
/// message.
///
/// # Errors
/// [`Refusal::FileNotFound`].
pub(in crate::store) fn check_attachable(
    connection: &mut DbConnection,
    author: UserId,
    room: RoomId,
    ids: &[FileId],
) -> Result<Vec<File>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let free = files::message_id.is_null().and(files::uploader_id.eq(author.0)).and(files::room_id.eq(room.0));
    let rows: Vec<FileRow> = files::table
        .filter(files::id.eq_any(ids.iter().map(|id| id.0).collect::<Vec<_>>()).and(free))
        .select(FileRow::as_select())
        .load(connection)?;
    let found: Vec<File> = rows.into_iter().map(|row| StoredFile::from(row).file).collect();
    let in_order = ids.iter().map(|id| found.iter().find(|file| file.id == *id).cloned());
    in_order.collect::<Option<Vec<_>>>().ok_or(StoreError::Refused(Refusal::FileNotFound))
}

/// Attaches to a new message the files that it has in [`Message::files`].
pub(in crate::store) fn attach(connection: &mut DbConnection, message: &Message) -> QueryResult<()> {
    for (place, file) in (0_i64..).zip(&message.files) {
        diesel::update(files::table.find(file.id.0))
            .set((files::message_id.eq(message.id.0), files::place.eq(place)))
            .execute(connection)?;
    }
    Ok(())
}

/// Removes the rows of a message's files. A database trigger marks their contents for removal.
pub(in crate::store) fn remove_of_message(connection: &mut DbConnection, message: MessageId) -> QueryResult<()> {
    diesel::delete(files::table.filter(files::message_id.eq(message.0))).execute(connection).map(drop)
}

/// The files of messages, by the messages' ids.
pub(in crate::store) fn files_of_messages(
    connection: &mut DbConnection,
    ids: &[i64],
) -> QueryResult<HashMap<i64, Vec<File>>> {
    let rows: Vec<FileRow> = files::table
        .filter(files::message_id.eq_any(ids.to_vec()))
        .order((files::message_id, files::place))
        .select(FileRow::as_select())
        .load(connection)?;
    let mut files: HashMap<i64, Vec<File>> = HashMap::new();
    for row in rows {
        let message = row.message_id.unwrap_or_default();
        files.entry(message).or_default().push(StoredFile::from(row).file);
    }
    Ok(files)
}

/// Reads the files of messages into [`Message::files`], with one query.
pub(in crate::store) fn attach_files(connection: &mut DbConnection, messages: &mut [Message]) -> QueryResult<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut messages: Vec<&mut Message> = messages.iter_mut().collect();
    messages.sort_unstable_by_key(|message| message.id);
    let ids: Vec<i64> = messages.iter().map(|message| message.id.0).collect();
    let rows: Vec<FileRow> = match connection {
        DbConnection::Sqlite(sqlite) => FindFilesInSqlite { message_ids: json_list(&ids) }.load(sqlite)?,
        DbConnection::Postgres(postgres) => FindFilesInPostgres { message_ids: ids }.load(postgres)?,
    };
    for row in rows {
        let owner = row.message_id.unwrap_or_default();
        // A page of the log may hold a message several times.
        let first = messages.partition_point(|message| message.id.0 < owner);
        let file = StoredFile::from(row).file;
        for message in messages[first..].iter_mut().take_while(|message| message.id.0 == owner) {
            message.files.push(file.clone());
        }
    }
    Ok(())
}

type FileColumns = (
    BigInt,
    BigInt,
    BigInt,
    Nullable<BigInt>,
    Text,
    Text,
    BigInt,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<Text>,
    Text,
);

statement! {
    /// The files of messages by a list of their ids.
    FindFilesInSqlite { message_ids: String => Text } -> FileColumns:
    "SELECT id, room_id, uploader_id, message_id, name, content_type, bytes, width, height, thumbnail_type, hash \
     FROM files WHERE message_id IN (SELECT value FROM json_each(", message_ids, ")) ORDER BY message_id, place"
}

statement! {
    /// The same on Postgres.
    FindFilesInPostgres { message_ids: Vec<i64> => Array<BigInt> } -> FileColumns:
    "SELECT id, room_id, uploader_id, message_id, name, content_type, bytes, width, height, thumbnail_type, hash \
     FROM files WHERE message_id = ANY(", message_ids, ") ORDER BY message_id, place"
}
