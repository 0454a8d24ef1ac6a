//! How many event streams are open.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::error::ApiError;

/// The streams that are open: at most `HUBBUB_MAX_EVENT_STREAMS`, for each holds a connection and reads.
pub(crate) struct EventStreams {
    max_event_streams: usize,
    places: Arc<Semaphore>,
}

impl EventStreams {
    pub(crate) fn new(max_event_streams: usize) -> Self {
        let places = Arc::new(Semaphore::new(max_event_streams.min(Semaphore::MAX_PERMITS)));
        Self { max_event_streams, places }
    }

    pub(crate) fn take_place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| ApiError::TooManyEventStreams { max_event_streams: self.max_event_streams })
    }
}
