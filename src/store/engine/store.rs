//! The handle to the database: opening and closing it, and handing writes and reads to its threads.

use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use crate::store::search::known_words::KnownWords;
use crate::store::search::rebuild::bring_up_to_date;

use super::connection::{Access, DbConnection, connect, connect_existing, prepare_sqlite_file};
use super::error::{OpenError, StoreError};
use super::migrate::{migrate, require_current};
use super::readers::{self, PooledDatabase, Read};
use super::url::DatabaseUrl;
use super::workers::{StoreOptions, Workers, closed};
use super::write_command::WriteCommand;
use super::writer;

/// A handle to the database. Cheap to clone.
///
/// A future that is dropped takes nothing back: what was queued is still written.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Workers<WriteCommand>>,
    readers: Arc<Workers<Read>>,
    /// Spares the writer most of the search index's vocabulary.
    pub(in crate::store) known_words: Arc<KnownWords>,
    /// Changes with every commit of the writer: jobs may be among what was stored.
    pub(in crate::store) commits: watch::Sender<()>,
}

impl Store {
    /// Opens the database, brings its schema up to date and starts the store's threads. Blocks: call it at the start.
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
        bring_up_to_date(&mut connection)?;
        Self::start(url, connection, options)
    }

    /// Opens an existing database whose schema is of this version, as a tool beside a running server does.
    ///
    /// # Errors
    /// An [`OpenError`]: nothing is made, and nothing brought up to date.
    pub fn open_existing(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        let mut connection = connect_existing(url, Access::Write)?;
        require_current(&mut connection)?;
        Self::start(url, connection, options)
    }

    fn start(url: &DatabaseUrl, connection: DbConnection, options: &StoreOptions) -> Result<Self, OpenError> {
        let readers = Arc::new(readers::start(url, options)?);
        let commits = watch::Sender::new(());
        let writer = Arc::new(writer::start(url, connection, options, commits.clone())?);
        Ok(Self { writer, readers, known_words: Arc::default(), commits })
    }

    /// Whether a read and an (empty) write go through.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.is_first_run().await?;
        self.write(|_| Ok(())).await
    }

    /// Finishes what is queued and ends the store's threads. Whatever comes later is refused; closing again is harmless.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// Has the writer make a change. `change` may run twice, the first time undone, so it must have no other effect; and
    /// it must hand on every error of the database, for a transaction in which one was swallowed may commit nothing.
    pub(in crate::store) async fn write<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (command, outcome) = WriteCommand::other(change);
        self.submit(command, outcome).await
    }

    /// Queues a change as [`Store::write`] does, and returns at once. Nobody learns what becomes of it.
    pub(in crate::store) fn write_without_waiting<F>(&self, change: F) -> Result<(), StoreError>
    where
        F: Fn(&mut DbConnection) -> Result<(), StoreError> + Send + 'static,
    {
        let (command, _) = WriteCommand::other(change);
        self.writer.submit(command)
    }

    /// Queues a command for the writer and waits for its outcome.
    pub(in crate::store) async fn submit<T>(
        &self,
        command: WriteCommand,
        outcome: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.writer.submit(command)?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Has a reader run a single query.
    pub(in crate::store) async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_with(|database| database.query(query)).await
    }

    /// Has a reader run queries that see one snapshot.
    pub(in crate::store) async fn read_snapshot<T, F>(&self, queries: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_with(|database| database.snapshot(queries)).await
    }

    async fn read_with<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PooledDatabase) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        self.readers.submit(Box::new(move |database| {
            // Whoever asked has gone.
            let _ = reply.send(database.and_then(read));
        }))?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Internal("a read did not come to its end".to_owned())))
    }
}
