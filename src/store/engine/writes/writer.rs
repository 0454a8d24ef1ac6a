//! The writer: one thread that stores many changes with one commit (step 2 of the walk, "store").
//!
//! A commit costs a flush to the disk, and a database takes one writer at a time. So commands queue up while the writer
//! commits, and all that have queued up are the next batch (group commit). There is no timer and nothing to tune, and a
//! command that comes alone does not wait. Every change of the database goes through here. People take turns
//! ([`fair_queue`](super::fair_queue)), and a batch is short, so that one person's many changes make nobody wait.
//!
//! What a command does is in [`write_command`](super::write_command); posts go on in
//! [`messages::post::batch`](crate::store::messages::post::batch).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::abort;
use std::time::Instant;

use diesel::result::{DatabaseErrorKind, Error as DatabaseError};
use tokio::sync::watch;
use tracing::{error, warn};

use crate::store::watching::metrics::StoreMetrics;

use super::fair_queue::{FairReceiver, FairSender, fair_queue};
use super::write_command::{QueuedWrite, WriteCommand};
use crate::store::engine::connection::{Access, DbConnection, begin_write, commit, connect, rollback};
use crate::store::engine::error::{OpenError, StoreError};
use crate::store::engine::url::DatabaseUrl;
use crate::store::engine::workers::{StoreOptions, Thread, Workers};

/// Starts the writer on its connection.
///
/// # Errors
/// [`OpenError::Thread`].
pub(in crate::store::engine) fn start(
    url: &DatabaseUrl,
    connection: DbConnection,
    options: &StoreOptions,
    commits: watch::Sender<()>,
    metrics: StoreMetrics,
) -> Result<Workers<FairSender<QueuedWrite>>, OpenError> {
    let (queue, commands) = fair_queue(options.write_queue.max(1));
    let batch_limit = options.write_batch.max(1);
    let writer = Writer { url: url.clone(), connection: Some(connection), batch_limit, commits, metrics };
    let body = move || {
        // Without a writer the program would accept posts that are never stored. Ending it lets whoever supervises it
        // start it anew; everything that was acknowledged is committed.
        if catch_unwind(AssertUnwindSafe(move || writer.run(&commands))).is_err() {
            error!("the store's writer panicked; ending the process");
            abort();
        }
    };
    Ok(Workers::start(queue, vec![Thread::new("hubbub-writer".to_owned(), body)])?)
}

/// Why a batch was not stored.
enum BatchError {
    /// One of its commands failed; the others may succeed without it.
    Command(StoreError),
    /// The database cannot be used, or the commit failed: none of them is stored.
    Everyone(StoreError),
}

struct Writer {
    url: DatabaseUrl,
    /// `None` after an outage: the next batch connects anew.
    connection: Option<DbConnection>,
    batch_limit: usize,
    /// Notified at every commit.
    commits: watch::Sender<()>,
    metrics: StoreMetrics,
}

impl Writer {
    /// Words of the search index that one batch writes at most. An entry takes about ten microseconds, so whoever comes
    /// next waits less than a tenth of a second.
    const MAX_BATCH_WORDS: usize = 4_096;

    fn run(mut self, commands: &FairReceiver<QueuedWrite>) {
        loop {
            let batch = commands.take(self.batch_limit, Self::MAX_BATCH_WORDS);
            if batch.is_empty() {
                return;
            }
            self.store(batch.into_iter().map(|queued| queued.command).collect());
        }
    }

    /// Stores a batch with one commit; if one of its commands fails, each with a commit of its own.
    fn store(&mut self, mut batch: Vec<WriteCommand>) {
        match self.try_store(&mut batch) {
            Ok(()) => batch.into_iter().for_each(|command| command.reply(Ok(()))),
            Err(BatchError::Command(_)) => batch.into_iter().for_each(|command| self.store_alone(command)),
            Err(BatchError::Everyone(error)) => {
                self.metrics.not_stored(batch.len() as u64);
                batch.into_iter().for_each(|command| command.reply(Err(error.clone())))
            }
        }
    }

    /// Stores a command whose batch has failed. On Postgres the cause may have been another process: it inserted the
    /// same user name between our query and our insert, or it locked the same rooms in another order (a deadlock).
    /// Alone, the command sees the name, and cannot get into the deadlock.
    fn store_alone(&mut self, mut command: WriteCommand) {
        let stored = self.try_store(std::slice::from_mut(&mut command));
        self.metrics.not_stored(stored.is_err().into());
        command.reply(match stored {
            Ok(()) => Ok(()),
            Err(BatchError::Command(error) | BatchError::Everyone(error)) => Err(error),
        });
    }

    fn try_store(&mut self, batch: &mut [WriteCommand]) -> Result<(), BatchError> {
        let mut connection = self.begin().map_err(BatchError::Everyone)?;
        let stored = match WriteCommand::run_all(batch, &mut connection) {
            Ok(()) => self.commit(batch.len(), &mut connection),
            Err(error @ StoreError::Unavailable(_)) => Err(BatchError::Everyone(error)),
            Err(error) => Err(BatchError::Command(error)),
        };
        if stored.is_ok() {
            self.commits.send_replace(());
        }
        // A connection whose transaction cannot be ended is of no use any more.
        if stored.is_ok() || rollback(&mut connection).is_ok() {
            self.connection = Some(connection);
        }
        stored
    }

    fn commit(&self, changes: usize, connection: &mut DbConnection) -> Result<(), BatchError> {
        let began = Instant::now();
        commit(connection).map_err(|error| BatchError::Everyone(error.into()))?;
        self.metrics.committed(changes, began.elapsed());
        Ok(())
    }

    /// Opens a transaction. A connection that was lost while nothing was written (the server was restarted) is replaced
    /// at once: nothing has been sent over it that could be stored twice.
    fn begin(&mut self) -> Result<DbConnection, StoreError> {
        if let Some(mut connection) = self.connection.take() {
            match begin_write(&mut connection) {
                Ok(()) => return Ok(connection),
                Err(DatabaseError::DatabaseError(DatabaseErrorKind::ClosedConnection, _)) => {
                    warn!("the store's writer lost its connection and connects anew");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut connection = connect(&self.url, Access::Write)?;
        begin_write(&mut connection)?;
        Ok(connection)
    }
}
