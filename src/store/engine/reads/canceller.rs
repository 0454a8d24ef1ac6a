//! Ending statements on Postgres. The thread that waits for a statement cannot end it, so another connection does.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::sql_types::Integer;
use tokio::sync::mpsc;
use tracing::warn;

use crate::store::engine::connection::{Access, DbConnection, connect};
use crate::store::engine::error::OpenError;
use crate::store::engine::url::DatabaseUrl;
use crate::store::engine::workers::{Thread, Workers};

use super::ticket::ReadTicket;

/// Statements that may wait to be ended. One that finds no place ends by `statement_timeout`.
const WAITING: usize = 1_024;

/// How often a read is tried to be ended, and the pause after each time: a signal that comes between two statements of
/// a read is lost.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// A thread that ends statements by the number of the server's process.
pub(super) struct Canceller {
    thread: Workers<mpsc::Sender<Arc<ReadTicket>>>,
}

impl Canceller {
    /// Starts the thread; it connects when there is something to end.
    ///
    /// # Errors
    /// [`OpenError::Thread`].
    pub(super) fn start(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let (queue, tickets) = mpsc::channel(WAITING);
        let url = url.clone();
        let thread = Thread::new("hubbub-canceller".to_owned(), move || run(&url, tickets));
        Ok(Self { thread: Workers::start(queue, vec![thread])? })
    }

    /// Ends a read. Its connection is not used for another one, so none can be hit instead.
    pub(super) fn cancel(&self, ticket: Arc<ReadTicket>) {
        // Full or closed: the statement ends by its timeout.
        let _ = self.thread.submit(ticket);
    }

    /// Ends the thread.
    pub(super) async fn close(&self) {
        self.thread.close().await;
    }
}

fn run(url: &DatabaseUrl, mut tickets: mpsc::Receiver<Arc<ReadTicket>>) {
    let mut connection: Option<DbConnection> = None;
    while let Some(ticket) = tickets.blocking_recv() {
        for _ in 0..ATTEMPTS {
            let Some(backend) = ticket.backend() else { break };
            if connection.is_none() {
                connection = connect(url, Access::Read).map_err(|error| warn!(%error, "cannot end a read")).ok();
            }
            let Some(DbConnection::Postgres(postgres)) = &mut connection else { break };
            let cancel = diesel::sql_query("SELECT pg_cancel_backend($1)").bind::<Integer, _>(backend);
            if let Err(error) = cancel.execute(postgres) {
                warn!(%error, "cannot end a read");
                connection = None;
            }
            sleep(PAUSE);
        }
    }
}
