//! The store: everything durable, and the only place where Diesel lives (step 2 of the walk, "store").
//!
//! Every change goes through one writer thread that commits many of them at once; reads run on a few threads of their
//! own, each in one snapshot. Callers only await: no transaction is ever open across an `.await`. Each change of a room
//! is an entry of the room's log, written in the same transaction and handed back as a [`RoomEvent`] to be dispatched;
//! the store itself tells nobody.
//!
//! [`RoomEvent`]: crate::domain::RoomEvent

mod access;
mod change;
mod check;
mod connection;
mod deliveries;
mod documents;
mod error;
mod events;
mod export;
mod files;
mod heads;
mod history;
mod housekeeping;
mod inspect;
mod invites;
mod job_hosts;
mod jobs;
mod log;
mod members;
mod messages;
mod migrate;
mod posting;
mod readers;
mod retention;
mod rooms;
mod rows;
mod schema;
mod search;
mod sessions;
mod statement;
mod token_hash;
mod tokens;
mod url;
mod users;
mod webhooks;
mod workers;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use change::{Change, Outcome};
use connection::{Access, DbConnection};
use readers::{PooledDatabase, Read};
use search::KnownWords;
use workers::Workers;

pub use check::Finding;
pub use deliveries::{Delivery, DeliveryAttempt, DeliveryStatus, DeliveryToSend, Withheld};
pub use documents::{ChangedDocument, DocumentChange, DocumentSave, StoredContent, VersionRule};
pub use error::{OpenError, StoreError};
pub use events::CatchUp;
pub use export::{ExportError, ExportItem, ExportScope};
pub use files::{ContentHash, ExportedFile, FileLibrary, FinishedUpload, Preview, StoredFile, Upload};
pub use heads::PastRemoval;
pub use history::{History, HistoryFrom, HistoryPage};
pub use inspect::{Snapshot, copy_sqlite, verify_sqlite};
pub use invites::Invite;
pub use job_hosts::HostJobs;
pub use jobs::{JobOutcome, LeasedJob, Task};
pub use members::{Member, Removal};
pub use messages::Posted;
pub use rooms::{NewRoom, RoomChange, RoomView};
pub use search::{DocumentHit, SearchHit, SearchPage};
pub use sessions::Rotation;
pub use token_hash::TokenHash;
pub use tokens::ApiToken;
pub use url::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl};
pub use users::{Admission, NewUser};
pub use webhooks::{NewWebhook, Webhook};

/// Sizes of the store; the settings `HUBBUB_READ_CONNECTIONS`, `HUBBUB_WRITE_QUEUE` and `HUBBUB_WRITE_BATCH`.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Connections for reading, each with a thread of its own.
    pub read_connections: u32,
    /// Writes that may wait; one more is refused with [`StoreError::Busy`].
    pub write_queue: usize,
    /// Writes committed together at most.
    pub write_batch: usize,
}

/// A handle to the database. Cheap to clone.
///
/// A future that is dropped takes nothing back: what was queued is still written.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Workers<Change>>,
    readers: Arc<Workers<Read>>,
    /// Spares the writer most of the search index's vocabulary.
    known_words: Arc<KnownWords>,
    /// Changes with every commit of the writer: jobs may be among what was stored.
    commits: watch::Sender<()>,
}

impl Store {
    /// Opens the database, brings its schema up to date and starts the store's threads. Blocks: call it at the start.
    ///
    /// # Errors
    /// An [`OpenError`] in words for the person who starts the server.
    pub fn open(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        if let DatabaseUrl::Sqlite(path) = url {
            connection::prepare_sqlite_file(path)?;
        }
        let connected = connection::connect(url, Access::Write);
        let mut connection = connected.map_err(|error| OpenError::connecting(url, &error))?;
        migrate::migrate(&mut connection)?;
        search::bring_up_to_date(&mut connection)?;
        Self::start(url, connection, options)
    }

    /// Opens an existing database whose schema is of this version, as a tool beside a running server does.
    ///
    /// # Errors
    /// An [`OpenError`]: nothing is made, and nothing brought up to date.
    pub fn open_existing(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        let mut connection = inspect::connect_existing(url, Access::Write)?;
        migrate::require_current(&mut connection)?;
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
    async fn write<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (change, outcome) = Change::other(change);
        self.submit(change, outcome).await
    }

    /// Queues a change for the writer and waits for its outcome.
    async fn submit<T>(&self, change: Change, outcome: Outcome<T>) -> Result<T, StoreError> {
        self.writer.submit(change)?;
        outcome.await.unwrap_or_else(|_| Err(workers::closed()))
    }

    /// Has a reader run a single query.
    async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_with(|database| database.query(query)).await
    }

    /// Has a reader run queries that see one snapshot.
    async fn read_snapshot<T, F>(&self, queries: F) -> Result<T, StoreError>
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
