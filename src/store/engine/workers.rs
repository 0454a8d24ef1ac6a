//! Threads of the store, and the bounded queue that they take their work from.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, watch};

use crate::store::StoreError;

/// What goes through a queue.
pub(in crate::store) enum Work<J> {
    /// Something to do.
    Job(J),
    /// Nothing more will come: finish what is queued, then end.
    Close,
}

/// The threads' side of the queue, shared by them.
pub(in crate::store) type WorkQueue<J> = mpsc::Receiver<Work<J>>;

/// The callers' side of the queue, and the threads behind it. They end when this is closed or dropped.
pub(in crate::store) struct Workers<J> {
    queue: mpsc::Sender<Work<J>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Every thread holds the other end: it closes when the last of them ends.
    ended: watch::Receiver<()>,
}

impl<J: Send + 'static> Workers<J> {
    /// A queue for `capacity` jobs without threads, and the end that they will take from.
    pub(in crate::store) fn new(capacity: usize) -> (Self, WorkQueue<J>, ThreadToken) {
        let (queue, jobs) = mpsc::channel(capacity.max(1));
        let (token, ended) = watch::channel(());
        (Self { queue, threads: Mutex::default(), ended }, jobs, ThreadToken(Arc::new(token)))
    }

    /// Adds a thread that runs `body` until the queue is closed.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(in crate::store) fn spawn(
        &self,
        name: String,
        token: &ThreadToken,
        body: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        let token = token.clone();
        let thread = thread::Builder::new().name(name).spawn(move || {
            body();
            drop(token);
        })?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Queues a job without waiting.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the queue is full, [`StoreError::Unavailable`] when it is closed.
    pub(in crate::store) fn submit(&self, job: J) -> Result<(), StoreError> {
        self.queue.try_send(Work::Job(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    /// Lets the threads finish what is queued, and waits until they have ended.
    pub(in crate::store) async fn close(&self) {
        // An error says that they have ended already.
        let _ = self.queue.send(Work::Close).await;
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Held by each thread while it lives.
#[derive(Clone)]
pub(in crate::store) struct ThreadToken(#[expect(dead_code, reason = "held for its drop")] Arc<watch::Sender<()>>);

/// What a caller is told after the store was closed.
pub(in crate::store) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
