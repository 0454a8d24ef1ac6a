//! Threads of the store, and the bounded queue from which they take their work.

use std::io;
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::error::StoreError;

/// Sizes of the store; the settings `HUBBUB_READ_CONNECTIONS`, `HUBBUB_READ_TIMEOUT_SECS`, `HUBBUB_WRITE_QUEUE` and
/// `HUBBUB_WRITE_BATCH`.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Connections for reading, each with a thread of its own.
    pub read_connections: u32,
    /// The longest time from asking for a read to its answer; a read that takes longer is ended with
    /// [`StoreError::Timeout`].
    pub read_timeout: Duration,
    /// Writes that may wait; one more is refused with [`StoreError::Busy`].
    pub write_queue: usize,
    /// Writes committed together at most.
    pub write_batch: usize,
}

impl Default for StoreOptions {
    /// For a tool that does one thing after the other.
    fn default() -> Self {
        Self { read_connections: 1, read_timeout: Duration::from_secs(10), write_queue: 64, write_batch: 64 }
    }
}

/// A thread to be started.
pub(super) struct Thread {
    name: String,
    body: Box<dyn FnOnce() + Send>,
}

impl Thread {
    /// A thread that runs `body`, which returns when the queue is closed and empty.
    pub(super) fn new(name: String, body: impl FnOnce() + Send + 'static) -> Self {
        Self { name, body: Box::new(body) }
    }
}

/// The callers' side of a queue of jobs, and the threads that take jobs from it. The threads end when this is closed or
/// dropped.
pub(super) struct Workers<Q> {
    /// `None` once it was closed.
    queue: RwLock<Option<Q>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Every thread holds a sender of this channel: it closes when the last of them ends.
    ended: watch::Receiver<()>,
}

/// The callers' end of a bounded queue. It is closed by being dropped.
pub(super) trait JobQueue {
    /// What waits in it.
    type Job;

    /// Queues a job without waiting.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the queue is full, [`StoreError::Unavailable`] when it is closed.
    fn submit(&self, job: Self::Job) -> Result<(), StoreError>;
}

impl<J> JobQueue for mpsc::Sender<J> {
    type Job = J;

    fn submit(&self, job: J) -> Result<(), StoreError> {
        self.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }
}

impl<Q: JobQueue> Workers<Q> {
    /// Starts threads that take from the other end of `queue`.
    ///
    /// # Errors
    /// The system gives no more threads; those that were started end.
    pub(super) fn start(queue: Q, threads: Vec<Thread>) -> io::Result<Self> {
        let (alive, ended) = watch::channel(());
        let start = |Thread { name, body }| {
            let alive = alive.clone();
            thread::Builder::new().name(name).spawn(move || {
                body();
                drop(alive);
            })
        };
        let threads = threads.into_iter().map(start).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { queue: RwLock::new(Some(queue)), threads: Mutex::new(threads), ended })
    }

    /// Queues a job without waiting.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the queue is full, [`StoreError::Unavailable`] when it is closed.
    pub(super) fn submit(&self, job: Q::Job) -> Result<(), StoreError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().ok_or_else(closed)?.submit(job)
    }

    /// Closes the queue, lets the threads finish what is in it, and waits until they have ended.
    pub(super) async fn close(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // A thread that panicked has logged it.
            let _ = thread.join();
        }
    }
}

/// What a caller is told after the store was closed.
pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
