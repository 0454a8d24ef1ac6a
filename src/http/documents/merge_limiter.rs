//! Where saves of documents are merged: off the workers, a few at a time.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::DocumentsConfig;

use crate::http::error::{ApiError, Queue};

/// The places for saves. A merge takes time and memory by the document's size, whoever sends it.
pub(crate) struct Merging {
    /// One for each save that is here, whether it waits or is merged.
    admitted: Semaphore,
    /// One for each save that is merged.
    places: Semaphore,
}

/// A place, until it is dropped.
pub(crate) struct MergingPlace<'a> {
    _admitted: SemaphorePermit<'a>,
    _place: SemaphorePermit<'a>,
}

impl Merging {
    pub(crate) fn new(config: &DocumentsConfig) -> Self {
        let places = config.document_merges_at_once;
        Self { admitted: Semaphore::new(places + config.max_waiting_document_saves), places: Semaphore::new(places) }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`ApiError::Busy`] when too many wait already.
    pub(crate) async fn place(&self) -> Result<MergingPlace<'_>, ApiError> {
        let admitted = self.admitted.try_acquire().map_err(|_| ApiError::Busy(Queue::Merges))?;
        let place = self.places.acquire().await.map_err(|error| ApiError::Internal(error.to_string()))?;
        Ok(MergingPlace { _admitted: admitted, _place: place })
    }
}
