//! Readers: a few threads, each taking a connection from the pool for one read at a time.
//!
//! The pool is r2d2's, which the project has chosen together with Diesel. It has as many connections as there are
//! threads, so no thread waits for another. What it is for here: a connection that broke is replaced in the background,
//! again and again with growing pauses, while reads fail after [`CONNECT_TIMEOUT`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{HandleError, ManageConnection, Pool};
use diesel::sql_types::Integer;
use tokio::sync::mpsc;
use tracing::{error, warn};

use crate::store::engine::connection::{Access, DbConnection, begin_snapshot, connect, rollback};
use crate::store::engine::error::{OpenError, StoreError};
use crate::store::engine::url::DatabaseUrl;
use crate::store::engine::workers::{Thread, Workers};

use super::interrupt::interruptible;
use super::ticket::ReadTicket;

/// Reads that may wait for each connection; one more is refused. A read takes some tens of microseconds, so with this
/// many waiting the machine is overloaded.
const WAITING_READS_PER_CONNECTION: usize = 256;

/// How long a read waits for a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Gets a connection, or the reason why there is none, and answers its caller itself.
type Read = Box<dyn FnOnce(Result<&mut ReadConnection, StoreError>) + Send>;

/// A read that waits for a thread.
pub(super) struct ReadCommand {
    ticket: Arc<ReadTicket>,
    read: Read,
}

impl ReadCommand {
    /// A read that ends with its ticket.
    pub(super) fn new(
        ticket: Arc<ReadTicket>,
        read: impl FnOnce(Result<&mut ReadConnection, StoreError>) + Send + 'static,
    ) -> Self {
        Self { ticket, read: Box::new(read) }
    }
}

/// Opens a pool of that many connections and starts its readers. `deadline` is the longest time of one statement on
/// Postgres.
///
/// # Errors
/// [`OpenError::Connect`], [`OpenError::Thread`].
pub(super) fn start(
    url: &DatabaseUrl,
    name: &str,
    connections: u32,
    deadline: Duration,
) -> Result<Workers<mpsc::Sender<ReadCommand>>, OpenError> {
    let pool = Pool::builder()
        .max_size(connections)
        // A connection that fails says so when it is used; asking before each read would cost as much as the read.
        .test_on_check_out(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .connection_timeout(CONNECT_TIMEOUT)
        .error_handler(Box::new(LogPoolError))
        .build(ConnectionManager { url: url.clone(), deadline })
        .map_err(|error| OpenError::connecting(url, &error))?;
    let (queue, reads) = mpsc::channel(WAITING_READS_PER_CONNECTION * connections as usize);
    let reads = Arc::new(Mutex::new(reads));
    let thread = |number| {
        let (pool, reads) = (pool.clone(), Arc::clone(&reads));
        Thread::new(format!("hubbub-{name}-{number}"), move || run(&pool, &reads))
    };
    Ok(Workers::start(queue, (1..=connections).map(thread).collect())?)
}

fn run(pool: &Pool<ConnectionManager>, reads: &Mutex<mpsc::Receiver<ReadCommand>>) {
    loop {
        // One thread waits for the next read, the others for the lock.
        let read = reads.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(read) = read else { return };
        if !read.ticket.is_cancelled() {
            run_read(pool, read);
        }
    }
}

fn run_read(pool: &Pool<ConnectionManager>, ReadCommand { ticket, read }: ReadCommand) {
    // A read that panics must not take its thread along; whoever asked is told by the reply's end being dropped, and the
    // pool throws the connection away.
    let outcome = catch_unwind(AssertUnwindSafe(|| match pool.get() {
        Ok(mut connection) => {
            if ticket.begin(connection.backend) {
                interruptible(&ticket, || read(Ok(&mut connection)));
            }
            ticket.end();
            // The server may still be about to hear that this read is to be ended, and would end the next one.
            connection.broken |= connection.backend.is_some() && ticket.is_cancelled();
        }
        Err(error) => read(Err(StoreError::Unavailable(error.to_string()))),
    }));
    if outcome.is_err() {
        ticket.end();
        error!("a read of the store panicked");
    }
}

/// A reader's connection as the pool keeps it.
pub(super) struct ReadConnection {
    connection: DbConnection,
    /// The process that serves the connection, on Postgres.
    backend: Option<i32>,
    /// Set after an outage: the pool then replaces the connection.
    broken: bool,
}

impl ReadConnection {
    /// Runs a single query.
    pub(super) fn query<T>(
        &mut self,
        query: impl FnOnce(&mut DbConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let outcome = query(&mut self.connection);
        self.broken |= matches!(outcome, Err(StoreError::Unavailable(_)));
        outcome
    }

    /// Runs queries that see one snapshot, so that what they read agrees.
    pub(super) fn snapshot<T>(
        &mut self,
        queries: impl FnOnce(&mut DbConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.query(|connection| Ok(begin_snapshot(connection)?))?;
        let outcome = self.query(queries);
        self.broken |= rollback(&mut self.connection).is_err();
        outcome
    }
}

#[derive(QueryableByName)]
struct BackendRow {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// Makes readers' connections for the pool. Diesel's own manager would try one database after the other.
struct ConnectionManager {
    url: DatabaseUrl,
    deadline: Duration,
}

impl ManageConnection for ConnectionManager {
    type Connection = ReadConnection;
    type Error = ConnectionError;

    fn connect(&self) -> Result<ReadConnection, ConnectionError> {
        let mut connection = connect(&self.url, Access::Read)?;
        let backend = match &mut connection {
            DbConnection::Sqlite(_) => None,
            DbConnection::Postgres(postgres) => Some(prepare(postgres, self.deadline)?),
        };
        Ok(ReadConnection { connection, backend, broken: false })
    }

    fn is_valid(&self, _connection: &mut ReadConnection) -> Result<(), ConnectionError> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut ReadConnection) -> bool {
        connection.broken || std::thread::panicking()
    }
}

/// Bounds each statement on the server's side, for a process of ours that dies cannot end it: a second later than its
/// caller is told. Answers which process of the server has the connection.
fn prepare(postgres: &mut PgConnection, deadline: Duration) -> Result<i32, ConnectionError> {
    let bound = format!("SET statement_timeout = {}", (deadline + Duration::from_secs(1)).as_millis());
    postgres.batch_execute(&bound).map_err(ConnectionError::CouldntSetupConfiguration)?;
    let backend: BackendRow = diesel::sql_query("SELECT pg_backend_pid() AS pid")
        .get_result(postgres)
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(backend.pid)
}

/// Logs what the pool does in the background.
#[derive(Debug)]
struct LogPoolError;

impl<E: std::error::Error> HandleError<E> for LogPoolError {
    fn handle_error(&self, error: E) {
        warn!(%error, "the store cannot connect");
    }
}
