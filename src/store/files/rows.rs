//! The rows of files: which message has which.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use crate::domain::{File, FileId, FileName, Message, MessageId, RoomId, Timestamp, UserId};
use crate::store::engine::connection::{DbConnection, MultiBackend};
use crate::store::engine::schema::{file_removals, files};
use crate::store::engine::statement::{json_list, statement};
use crate::store::rooms::access::enter_room;
use crate::store::{Store, StoreError};

use super::contents::ContentHash;

/// A file that is about to have a row. Its content is in place.
#[derive(Debug, Clone)]
pub(super) struct NewFile {
    /// Where it is shown.
    pub room: RoomId,
    /// Who uploaded it.
    pub uploader: UserId,
    /// The name that it had where it came from.
    pub name: FileName,
    /// What it is.
    pub content_type: &'static str,
    /// Its length.
    pub bytes: u64,
    /// Its width and height, when it is an image.
    pub size: Option<(u32, u32)>,
    /// What its thumbnail is, when it has one.
    pub thumbnail_type: Option<&'static str>,
    /// Its content.
    pub hash: ContentHash,
}

/// A file, with what is needed to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The file.
    pub file: File,
    /// What its thumbnail is, when it has one.
    pub thumbnail_type: Option<String>,
    /// Its content.
    pub hash: ContentHash,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = files, check_for_backend(MultiBackend))]
pub(super) struct FileRow {
    id: i64,
    pub(super) room_id: i64,
    uploader_id: i64,
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

impl Store {
    /// Whether a person may post in a room, asked before an upload is received.
    ///
    /// # Errors
    /// [`StoreError::RoomNotFound`], [`StoreError::NotAMember`].
    pub async fn check_membership(&self, user: UserId, room: RoomId) -> Result<(), StoreError> {
        self.read(move |connection| enter_room(connection, user, room).map(drop)).await
    }

    /// A file that `viewer` may see: of a message in one of their rooms, or their own that is not attached yet.
    ///
    /// # Errors
    /// [`StoreError::FileNotFound`].
    pub async fn file(&self, viewer: UserId, id: FileId) -> Result<StoredFile, StoreError> {
        self.read_snapshot(move |connection| {
            let row = files::table.find(id.0).select(FileRow::as_select()).first::<FileRow>(connection).optional()?;
            let row = row.ok_or(StoreError::FileNotFound)?;
            let is_waiting_for_another = row.message_id.is_none() && row.uploader_id != viewer.0;
            if is_waiting_for_another || enter_room(connection, viewer, RoomId(row.room_id)).is_err() {
                return Err(StoreError::FileNotFound);
            }
            Ok(row.into())
        })
        .await
    }

    /// Writes the row of a file whose content is in place.
    pub(super) async fn add_file(&self, new: NewFile) -> Result<File, StoreError> {
        self.write(move |connection| add(connection, &new)).await
    }

    /// Removes the rows of files that were uploaded before `time` and that no message has; answers how many.
    pub(super) async fn remove_waiting_files(&self, time: Timestamp) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let waiting = files::table.filter(files::message_id.is_null().and(files::created_at.lt(time.0)));
            Ok(diesel::delete(waiting).execute(connection)?)
        })
        .await
    }

    /// Notes that a content may come to be without a row.
    pub(super) async fn expect_removal(&self, hash: ContentHash) -> Result<(), StoreError> {
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

    /// Contents that may be without a row, at most `limit`.
    pub(super) async fn expected_removals(&self, limit: i64) -> Result<Vec<ContentHash>, StoreError> {
        self.read(move |connection| {
            let hashes: Vec<String> = file_removals::table.select(file_removals::hash).limit(limit).load(connection)?;
            Ok(hashes.into_iter().map(ContentHash::stored).collect())
        })
        .await
    }

    /// Those of the contents that have no row and are not noted either.
    pub(super) async fn unknown_contents(&self, mut hashes: Vec<ContentHash>) -> Result<Vec<ContentHash>, StoreError> {
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

    /// Notes that a content was looked at.
    pub(super) async fn end_removal(&self, hash: ContentHash) -> Result<(), StoreError> {
        self.write(move |connection| {
            diesel::delete(file_removals::table.find(hash.as_str())).execute(connection)?;
            Ok(())
        })
        .await
    }
}

fn add(connection: &mut DbConnection, new: &NewFile) -> Result<File, StoreError> {
    enter_room(connection, new.uploader, new.room)?;
    let id: i64 = diesel::insert_into(files::table)
        .values((
            files::room_id.eq(new.room.0),
            files::uploader_id.eq(new.uploader.0),
            files::place.eq(0),
            files::name.eq(new.name.as_str()),
            files::content_type.eq(new.content_type),
            files::bytes.eq(i64::try_from(new.bytes).unwrap_or(i64::MAX)),
            files::width.eq(new.size.map(|(width, _)| i64::from(width))),
            files::height.eq(new.size.map(|(_, height)| i64::from(height))),
            files::thumbnail_type.eq(new.thumbnail_type),
            files::hash.eq(new.hash.as_str()),
            files::created_at.eq(Timestamp::now().0),
        ))
        .returning(files::id)
        .get_result(connection)?;
    Ok(File {
        id: FileId(id),
        name: new.name.as_str().to_owned(),
        content_type: new.content_type.to_owned(),
        bytes: new.bytes,
        width: new.size.map(|(width, _)| width),
        height: new.size.map(|(_, height)| height),
        has_thumbnail: new.thumbnail_type.is_some(),
    })
}

/// The files of a post in the order that its author chose, which must all be the author's, in this room, and free.
///
/// # Errors
/// [`StoreError::FileNotFound`].
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
    in_order.collect::<Option<Vec<_>>>().ok_or(StoreError::FileNotFound)
}

/// Gives checked files to a message.
pub(in crate::store) fn attach(connection: &mut DbConnection, message: &Message) -> QueryResult<()> {
    for (place, file) in (0_i64..).zip(&message.files) {
        diesel::update(files::table.find(file.id.0))
            .set((files::message_id.eq(message.id.0), files::place.eq(place)))
            .execute(connection)?;
    }
    Ok(())
}

/// Removes the rows of a message's files. A trigger notes their contents as ones to be looked at.
pub(in crate::store) fn remove_of_message(connection: &mut DbConnection, message: MessageId) -> QueryResult<()> {
    diesel::delete(files::table.filter(files::message_id.eq(message.0))).execute(connection).map(drop)
}

/// Completes messages that were read with their files.
pub(in crate::store) fn attach_files<'a>(
    connection: &mut DbConnection,
    messages: impl IntoIterator<Item = &'a mut Message>,
) -> QueryResult<()> {
    let mut messages: Vec<&mut Message> = messages.into_iter().collect();
    if messages.is_empty() {
        return Ok(());
    }
    messages.sort_unstable_by_key(|message| message.id);
    let ids: Vec<i64> = messages.iter().map(|message| message.id.0).collect();
    let rows: Vec<FileRow> = match connection {
        DbConnection::Sqlite(sqlite) => FindFilesInSqlite { message_ids: json_list(&ids) }.load(sqlite)?,
        DbConnection::Postgres(postgres) => FindFilesInPostgres { message_ids: ids }.load(postgres)?,
    };
    for row in rows {
        let owner = row.message_id.unwrap_or_default();
        // An event log may hold a message several times.
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
    /// The same.
    FindFilesInPostgres { message_ids: Vec<i64> => Array<BigInt> } -> FileColumns:
    "SELECT id, room_id, uploader_id, message_id, name, content_type, bytes, width, height, thumbnail_type, hash \
     FROM files WHERE message_id = ANY(", message_ids, ") ORDER BY message_id, place"
}
