//! The two pools of read connections, and a read's way through one of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::store::engine::connection::DbConnection;
use crate::store::engine::error::{OpenError, StoreError};
use crate::store::engine::url::DatabaseUrl;
use crate::store::engine::workers::{StoreOptions, Workers, closed};
use crate::store::watching::metrics::StoreMetrics;

use super::cancel_on_drop::CancelOnDrop;
use super::canceller::Canceller;
use super::readers::{self, ReadCommand, ReadConnection};
use super::ticket::ReadTicket;

/// Which connections a read may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Pool {
    /// What people ask for.
    Queries,
    /// What is needed before anybody can ask: who somebody is, whether the database answers, and which jobs wait. Short reads
    /// by keys and indexes only: no query of a person takes these connections.
    Reserved,
}

/// Connections of [`Pool::Reserved`]: two, for one may be connecting anew.
const RESERVED_CONNECTIONS: u32 = 2;

/// How long a read's thread may take to end when the store closes. SQLite looks at the ticket every 1,000
/// operations only, and its full-text index and functions can take long in one operation.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The threads that read.
pub(in crate::store::engine) struct ReadPools {
    queries: Workers<mpsc::Sender<ReadCommand>>,
    reserved: Workers<mpsc::Sender<ReadCommand>>,
    /// On Postgres.
    canceller: Option<Arc<Canceller>>,
    /// The longest time from asking to the answer.
    deadline: Duration,
    /// Half of the connections for queries: searches take long, and other reads must not wait for them.
    searches: Arc<Semaphore>,
    /// Notified when the store closes: no read goes on.
    closing: watch::Sender<bool>,
    metrics: StoreMetrics,
}

impl ReadPools {
    /// Connects and starts the threads.
    ///
    /// # Errors
    /// [`OpenError::Connect`], [`OpenError::Thread`].
    pub(in crate::store::engine) fn start(
        url: &DatabaseUrl,
        options: &StoreOptions,
        metrics: StoreMetrics,
    ) -> Result<Self, OpenError> {
        let canceller = match url {
            DatabaseUrl::Sqlite(_) => None,
            DatabaseUrl::Postgres(_) => Some(Arc::new(Canceller::start(url)?)),
        };
        let connections = options.read_connections.max(1);
        Ok(Self {
            queries: readers::start(url, "reader", connections, options.read_timeout)?,
            reserved: readers::start(url, "reserved-reader", RESERVED_CONNECTIONS, options.read_timeout)?,
            canceller,
            deadline: options.read_timeout,
            searches: Arc::new(Semaphore::new(connections.div_ceil(2) as usize)),
            closing: watch::Sender::new(false),
            metrics,
        })
    }

    /// Runs a single query.
    ///
    /// # Errors
    /// Those of the query, and of [`ReadPools::run`].
    pub(in crate::store::engine) async fn query<T, F>(&self, pool: Pool, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(pool, |database| database.query(query)).await
    }

    /// Runs queries that see one snapshot.
    ///
    /// # Errors
    /// Those of the queries, and of [`ReadPools::run`].
    pub(in crate::store::engine) async fn snapshot<T, F>(&self, pool: Pool, queries: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(pool, |database| database.snapshot(queries)).await
    }

    /// Runs a search, which waits for one of the places that searches have. The place is free again when the thread has
    /// ended the search, which may be after its caller has gone.
    ///
    /// # Errors
    /// Those of the queries, and of [`ReadPools::run`].
    pub(in crate::store::engine) async fn search<T, F>(&self, queries: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let search = async {
            let place = Arc::clone(&self.searches).acquire_owned().await.map_err(|_| closed())?;
            let read = move |database: &mut ReadConnection| {
                let _place = place;
                database.snapshot(queries)
            };
            self.run(Pool::Queries, read).await
        };
        timeout(self.deadline, search).await.unwrap_or_else(|_| Err(self.timed_out()))
    }

    /// Runs a read on a thread of the pool.
    ///
    /// Cancel safe: when the future is dropped, the read ends, and its thread takes the next one.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Timeout`] after the deadline, [`StoreError::Unavailable`] when the store
    /// closes.
    async fn run<T, F>(&self, pool: Pool, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut ReadConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let ticket = Arc::new(ReadTicket::default());
        let (reply, outcome) = oneshot::channel();
        let command = ReadCommand::new(Arc::clone(&ticket), move |database| {
            // Whoever asked has gone.
            let _ = reply.send(database.and_then(read));
        });
        match pool {
            Pool::Queries => self.queries.submit(command)?,
            Pool::Reserved => self.reserved.submit(command)?,
        }
        let cancel = CancelOnDrop::new(ticket, self.canceller.clone());
        let mut closing = self.closing.subscribe();
        let outcome = tokio::select! {
            biased;
            outcome = outcome => {
                cancel.answered();
                outcome.unwrap_or_else(|_| Err(StoreError::Internal("a read did not come to its end".to_owned())))
            }
            _ = closing.wait_for(|is_closing| *is_closing) => Err(closed()),
            () = sleep(self.deadline) => Err(self.timed_out()),
        };
        self.metrics.read(&outcome);
        outcome
    }

    /// How many reads wait for a thread.
    pub(in crate::store::engine) fn waiting(&self) -> usize {
        self.queries.waiting() + self.reserved.waiting()
    }

    fn timed_out(&self) -> StoreError {
        StoreError::Timeout(self.deadline)
    }

    /// Ends what runs, drops what waits, and ends the threads. A thread that does not end in time is left behind.
    pub(in crate::store::engine) async fn close(&self) {
        self.closing.send_replace(true);
        self.searches.close();
        let threads = async {
            self.queries.close().await;
            self.reserved.close().await;
            if let Some(canceller) = &self.canceller {
                canceller.close().await;
            }
        };
        if timeout(CLOSE_TIMEOUT, threads).await.is_err() {
            warn!("a read did not end in time; the process ends without waiting for it");
        }
    }
}
