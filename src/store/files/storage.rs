//! Files for the rest of the program: rows and contents together.

use std::fs::File as DiskFile;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use crate::domain::{File, FileName, RoomId, Timestamp, UserId};
use crate::store::{Store, StoreError};

use super::contents::Contents;
use super::file::NewFile;
use super::rows::StoredFile;
use super::upload::{FinishedUpload, Upload};

/// The files of a store. Cheap to clone.
#[derive(Clone)]
pub struct FileStorage {
    store: Store,
    contents: Arc<Contents>,
}

/// How long an uploaded file is kept without a message.
const UNATTACHED_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Marked contents that are read at once.
const REMOVALS: i64 = 100;

/// Contents looked up by one query.
const LOOKED_UP: usize = 500;

impl FileStorage {
    /// Opens the directory of the contents, which only one process may use at a time.
    ///
    /// # Errors
    /// The directory cannot be made or written.
    pub fn open(store: Store, directory: &Path) -> io::Result<Self> {
        Ok(Self { store, contents: Arc::new(Contents::open(directory)?) })
    }

    /// Begins an upload. Blocks.
    ///
    /// # Errors
    /// The disk's: full, broken.
    pub fn begin_upload(&self) -> io::Result<Upload> {
        self.contents.begin()
    }

    /// Stores a complete upload: first its content, then its row.
    ///
    /// # Errors
    /// [`Refusal::RoomNotFound`](crate::domain::Refusal::RoomNotFound), [`Refusal::NotAMember`](crate::domain::Refusal::NotAMember), [`StoreError::Unavailable`] also when the disk is full.
    pub async fn keep(
        &self,
        uploader: UserId,
        room: RoomId,
        name: FileName,
        upload: FinishedUpload,
        preview: Preview,
    ) -> Result<File, StoreError> {
        let hash = upload.hash.clone();
        let new = NewFile {
            room,
            uploader,
            name,
            content_type: upload.content_type,
            bytes: upload.bytes,
            size: preview.size,
            thumbnail_type: preview.thumbnail.as_ref().map(|(content_type, _)| *content_type),
            hash: hash.clone(),
        };
        let _lock = self.contents.lock(&hash).await;
        self.store.mark_for_removal(hash.clone()).await?;
        let contents = Arc::clone(&self.contents);
        let content = hash.clone();
        let kept = blocking(move || {
            let thumbnail = preview.thumbnail.as_ref().map(|(_, bytes)| bytes.as_slice());
            contents.keep(upload.file, &content, thumbnail)
        });
        kept.await?;
        self.store.add_file(new).await
    }

    /// Opens a file's content. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn read(&self, file: &StoredFile) -> io::Result<DiskFile> {
        self.contents.read(&file.hash)
    }

    /// Opens a file's thumbnail. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn read_thumbnail(&self, file: &StoredFile) -> io::Result<DiskFile> {
        self.contents.read_thumbnail(&file.hash)
    }

    /// Removes uploads that were not attached to a message within a day, and all contents without a row. Returns how
    /// many uploads there were. May run at any time, any number of times.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn remove_orphans(&self) -> Result<usize, StoreError> {
        self.mark_orphans().await?;
        let yesterday =
            Timestamp(Timestamp::now().0 - i64::try_from(UNATTACHED_MAX_AGE.as_micros()).unwrap_or(i64::MAX));
        self.remove_uploads_before(yesterday).await
    }

    /// Marks contents that the database does not know for removal. They come from a backup that was made during an
    /// upload, since the database is copied before the files.
    async fn mark_orphans(&self) -> Result<(), StoreError> {
        let contents = Arc::clone(&self.contents);
        for some in blocking(move || contents.hashes()).await?.chunks(LOOKED_UP) {
            for stray in self.store.contents_without_row(some.to_vec()).await? {
                self.store.mark_for_removal(stray).await?;
            }
        }
        Ok(())
    }

    pub(in crate::store) async fn remove_uploads_before(&self, time: Timestamp) -> Result<usize, StoreError> {
        let removed = self.store.remove_unattached_files(time).await?;
        self.remove_unused().await?;
        Ok(removed)
    }

    /// Removes marked contents without a row, such as those of a deleted message. What fails is tried again by
    /// [`FileStorage::remove_orphans`].
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn remove_unused(&self) -> Result<(), StoreError> {
        loop {
            let hashes = self.store.marked_for_removal(REMOVALS).await?;
            let is_last = hashes.len() < usize::try_from(REMOVALS).unwrap_or(usize::MAX);
            for hash in hashes {
                let _lock = self.contents.lock(&hash).await;
                if !self.store.is_content_used(hash.clone()).await? {
                    let (contents, unused) = (Arc::clone(&self.contents), hash.clone());
                    if let Err(error) = blocking(move || contents.remove(&unused)).await {
                        warn!(%error, "a file's content cannot be removed");
                        return Err(error);
                    }
                }
                self.store.unmark_for_removal(hash).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// What was read from an image.
#[derive(Debug, Default)]
pub struct Preview {
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// The thumbnail: its media type and its bytes.
    pub thumbnail: Option<(&'static str, Vec<u8>)>,
}

/// Runs `work`, which waits for the disk, on a thread for blocking work.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Internal(error.to_string()))?;
    done.map_err(|error| StoreError::Unavailable(format!("the directory of the files: {error}")))
}
