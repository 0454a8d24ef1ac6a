//! The handle to the database: opening and closing it, and handing writes and reads to its threads.

use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use crate::domain::UserId;
use crate::store::messages::rerender::rerender_if_outdated;
use crate::store::search::entry::KnownWords;
use crate::store::search::rebuild::rebuild_if_outdated;
use crate::store::watching::last_answer::Readiness;
use crate::store::watching::metrics::StoreMetrics;

use super::connection::{Access, DbConnection, connect, connect_existing, prepare_sqlite_file};
use super::error::{OpenError, StoreError};
use super::migrate::{has_tables, migrate, require_current};
use super::reads::{Pool, ReadPools};
use super::storage_rations::StorageRations;
use super::url::DatabaseUrl;
use super::workers::{StoreOptions, Workers, closed};
use super::writes::fair_queue::FairSender;
use super::writes::write_command::{QueuedWrite, WriteCommand};
use super::writes::writer;

/// A handle to the database. Cheap to clone.
///
/// Dropping the future of a change cancels nothing: what was queued is still written. Dropping that of a read ends the
/// read.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Workers<FairSender<QueuedWrite>>>,
    reads: Arc<ReadPools>,
    /// Bytes of text and HTML on one page of messages or events.
    pub(in crate::store) page_bytes: usize,
    /// A cache, so that most posts add no words to the search index's vocabulary.
    pub(in crate::store) known_words: Arc<KnownWords>,
    /// How much one person may keep.
    pub(in crate::store) rations: StorageRations,
    /// Notified at every commit of the writer: there may be new jobs.
    pub(in crate::store) commits: watch::Sender<()>,
    pub(in crate::store) url: Arc<DatabaseUrl>,
    pub(in crate::store) metrics: StoreMetrics,
    pub(in crate::store) readiness: Arc<Readiness>,
}

impl Store {
    /// Opens the database, runs the migrations and starts the store's threads. Blocks: call it at the start.
    ///
    /// # Errors
    /// An [`OpenError`] in words for the person who starts the server.
    pub fn open(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        if let DatabaseUrl::Sqlite(path) = url {
            prepare_sqlite_file(path)?;
        }
        let connected = connect(url, Access::Write);
        let mut connection = connected.map_err(|error| OpenError::connecting(url, &error))?;
        migrate(&mut connection)?;
        // The index knows of links and code by the HTML.
        rerender_if_outdated(&mut connection)?;
        rebuild_if_outdated(&mut connection)?;
        Self::start(url, connection, options)
    }

    /// Opens an existing database whose schema is of this version, as a tool beside a running server does.
    ///
    /// # Errors
    /// An [`OpenError`]. No database is created, and no migration runs.
    pub fn open_existing(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        let mut connection = connect_existing(url, Access::Write)?;
        require_current(&mut connection)?;
        Self::start(url, connection, options)
    }

    /// Whether there is a database, and a Hubbub has made its tables in it. Creates nothing. Blocks.
    ///
    /// # Errors
    /// [`OpenError::Connect`] when it does not answer.
    pub fn is_there(url: &DatabaseUrl) -> Result<bool, OpenError> {
        if let DatabaseUrl::Sqlite(path) = url
            && !path.exists()
        {
            return Ok(false);
        }
        let mut connection = connect(url, Access::Read).map_err(|error| OpenError::connecting(url, &error))?;
        Ok(has_tables(&mut connection))
    }

    fn start(url: &DatabaseUrl, connection: DbConnection, options: &StoreOptions) -> Result<Self, OpenError> {
        let (commits, metrics) = (watch::Sender::new(()), StoreMetrics::default());
        let reads = Arc::new(ReadPools::start(url, options, metrics.clone())?);
        let writer = Arc::new(writer::start(url, connection, options, commits.clone(), metrics.clone())?);
        let (url, readiness) = (Arc::new(url.clone()), Arc::default());
        let (known_words, rations, page_bytes) = (Arc::default(), StorageRations::default(), options.page_bytes);
        Ok(Self { writer, reads, page_bytes, known_words, rations, commits, url, metrics, readiness })
    }

    /// The same store, which keeps no more of one person than this.
    #[must_use]
    pub fn with_rations(mut self, rations: StorageRations) -> Self {
        self.rations = rations;
        self
    }

    /// What the store counts while it works.
    #[must_use]
    pub const fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    /// Whether nothing can be stored any more, for [`Store::close`] was called.
    pub(in crate::store) fn is_closed(&self) -> bool {
        self.writer.is_closed()
    }

    /// How many changes, and how many reads, wait for a thread.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        (self.writer.waiting(), self.reads.waiting())
    }

    /// Stores what is queued, ends reads without waiting for them, and ends the store's threads. Later calls get [`StoreError::Unavailable`]; closing again
    /// does nothing.
    pub async fn close(&self) {
        self.writer.close().await;
        self.reads.close().await;
    }

    /// Ends all reads, and refuses further ones: a read that hangs must not hold up what waits for it. Changes go on.
    pub async fn end_reads(&self) {
        self.reads.close().await;
    }

    /// Runs `change` on the writer's thread. It may run twice, the first time rolled back, so it must have no other
    /// effect. It must return every error of the database: Postgres commits nothing of a transaction in which a query
    /// failed.
    pub(in crate::store) async fn write<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (command, outcome) = WriteCommand::other(change);
        self.submit(None, command, outcome).await
    }

    /// Runs `change` as [`Store::write`] does, when it is the turn of the person who asked for it.
    pub(in crate::store) async fn write_for<T, F>(&self, person: UserId, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (command, outcome) = WriteCommand::other(change);
        self.submit(Some(person), command, outcome).await
    }

    /// Queues a change as [`Store::write`] does, and returns at once, without the outcome.
    pub(in crate::store) fn write_without_waiting<F>(&self, change: F) -> Result<(), StoreError>
    where
        F: Fn(&mut DbConnection) -> Result<(), StoreError> + Send + 'static,
    {
        let (command, _) = WriteCommand::other(change);
        self.writer.submit(QueuedWrite { person: None, command })
    }

    /// Queues a command for the writer, in the line of the person who asked for it, and waits for its outcome.
    pub(in crate::store) async fn submit<T>(
        &self,
        person: Option<UserId>,
        command: WriteCommand,
        outcome: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.writer.submit(QueuedWrite { person, command })?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Runs a single query on a reader's thread.
    pub(in crate::store) async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.reads.query(Pool::Queries, query).await
    }

    /// Runs a single query over a connection that no person's query can take: for sign-in and readiness, by key.
    pub(in crate::store) async fn read_reserved<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.reads.query(Pool::Reserved, query).await
    }

    /// Runs queries on a reader's thread, all in one snapshot.
    pub(in crate::store) async fn read_snapshot<T, F>(&self, queries: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.reads.snapshot(Pool::Queries, queries).await
    }

    /// Runs a search like [`Store::read_snapshot`]. Only half of the connections can be searching at a time.
    pub(in crate::store) async fn read_search<T, F>(&self, queries: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.reads.search(queries).await
    }
}
