//! Rows of files: adding one, and reading one that a person may see.

use diesel::prelude::*;

use crate::domain::{File, FileId, FileName, Refusal, RoomId, Timestamp, UserId};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::schema::files;
use crate::store::rooms::access::{require_membership, require_writing};
use crate::store::{Store, StoreError};

use super::content_hash::ContentHash;
use super::rows::{FileRow, StoredFile};

/// A new row. The content is on the disk already.
#[derive(Debug, Clone)]
pub(super) struct NewFile {
    /// The room that it was uploaded into.
    pub room: RoomId,
    /// Who uploaded it.
    pub uploader: UserId,
    /// The name that it had on the uploader's computer.
    pub name: FileName,
    /// Its media type.
    pub content_type: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// Width and height in pixels, when it is an image.
    pub size: Option<(u32, u32)>,
    /// The thumbnail's media type, when it has one.
    pub thumbnail_type: Option<&'static str>,
    /// Its content.
    pub hash: ContentHash,
}

impl Store {
    /// A file that `viewer` may see: of a message in one of their rooms, or their own that is not attached yet.
    ///
    /// # Errors
    /// [`Refusal::FileNotFound`].
    pub async fn file(&self, viewer: UserId, id: FileId) -> Result<StoredFile, StoreError> {
        self.read_snapshot(move |connection| {
            let row = files::table.find(id.0).select(FileRow::as_select()).first::<FileRow>(connection).optional()?;
            let row = row.ok_or(StoreError::Refused(Refusal::FileNotFound))?;
            let is_waiting_for_another = row.message_id.is_none() && row.uploader_id != viewer.0;
            if is_waiting_for_another || require_membership(connection, viewer, RoomId(row.room_id)).is_err() {
                return Err(StoreError::Refused(Refusal::FileNotFound));
            }
            Ok(row.into())
        })
        .await
    }

    /// Adds the row of a file whose content is on the disk.
    pub(super) async fn add_file(&self, new: NewFile) -> Result<File, StoreError> {
        let rations = self.rations;
        self.write_for(new.uploader, move |connection| {
            rations.require_file(connection, new.uploader, new.bytes)?;
            add(connection, &new)
        })
        .await
    }

    /// Refuses a file of that length before it is received.
    ///
    /// # Errors
    /// [`Refusal::UnattachedBytesUsedUp`], [`Refusal::FileBytesUsedUp`].
    pub async fn require_file_ration(&self, uploader: UserId, bytes: u64) -> Result<(), StoreError> {
        let rations = self.rations;
        self.read(move |connection| rations.require_file(connection, uploader, bytes)).await
    }

    /// Removes the rows of files that were uploaded before `time` and that no message has; returns how many.
    pub(super) async fn remove_unattached_files(&self, time: Timestamp) -> Result<usize, StoreError> {
        self.write(move |connection| {
            let waiting = files::table.filter(files::message_id.is_null().and(files::created_at.lt(time.0)));
            Ok(diesel::delete(waiting).execute(connection)?)
        })
        .await
    }
}

fn add(connection: &mut DbConnection, new: &NewFile) -> Result<File, StoreError> {
    require_writing(connection, new.uploader, new.room)?;
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
