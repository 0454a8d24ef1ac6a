//! What waits for the writer: a change of the database, and the caller who waits for its outcome.

use tokio::sync::oneshot;

use crate::domain::UserId;
use crate::store::messages::post::batch::post_all;
use crate::store::messages::post::command::{Post, Posted};

use super::fair_queue::{InLine, Line};
use crate::store::engine::connection::DbConnection;
use crate::store::engine::error::{StoreError, separate_refusal};

/// A change that waits for the writer.
#[expect(clippy::large_enum_variant, reason = "nearly every command is a post")]
pub(in crate::store) enum WriteCommand {
    /// A message to post. Posts that follow each other in a batch are stored together, for that is cheaper.
    Post(Post, Reply<Posted>),
    /// Any other change: the closure given to [`Store::write`](crate::store::engine::store::Store::write).
    Other(Box<dyn WriteClosure>),
}

/// A command in the writer's queue.
pub(in crate::store) struct QueuedWrite {
    /// Who asked for it; `None` for what no person asked for.
    pub(in crate::store::engine) person: Option<UserId>,
    pub(in crate::store::engine) command: WriteCommand,
}

impl InLine for QueuedWrite {
    fn line(&self) -> Line {
        self.person
    }

    fn weight(&self) -> usize {
        match &self.command {
            WriteCommand::Post(post, _) => 1 + post.entry.word_count(),
            WriteCommand::Other(_) => 1,
        }
    }
}

impl WriteCommand {
    /// A post, and where its outcome will be.
    pub(in crate::store) fn post(post: Post) -> (Self, oneshot::Receiver<Result<Posted, StoreError>>) {
        let (reply, outcome) = Reply::new();
        (Self::Post(post, reply), outcome)
    }

    /// A change made by a closure, and where its outcome will be.
    pub(in crate::store) fn other<T, F>(closure: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, outcome) = Reply::new();
        (Self::Other(Box::new((closure, reply))), outcome)
    }

    /// Runs commands within an open transaction, in their order, and keeps their outcomes. A refusal is an outcome,
    /// decided before anything is changed. It may be called again after the transaction was rolled back.
    ///
    /// # Errors
    /// What makes the transaction unusable.
    pub(in crate::store::engine) fn run_all(
        commands: &mut [Self],
        connection: &mut DbConnection,
    ) -> Result<(), StoreError> {
        commands
            .chunk_by_mut(|command, next| matches!((command, next), (Self::Post(..), Self::Post(..))))
            .try_for_each(|chunk| Self::run_chunk(chunk, connection))
    }

    /// Runs one command, or posts that follow each other.
    fn run_chunk(chunk: &mut [Self], connection: &mut DbConnection) -> Result<(), StoreError> {
        if let [Self::Other(closure)] = chunk {
            return closure.run(connection);
        }
        let posts_and_replies = chunk.iter_mut().filter_map(|command| match command {
            Self::Post(post, reply) => Some((&*post, reply)),
            Self::Other(_) => None,
        });
        let (posts, replies): (Vec<_>, Vec<_>) = posts_and_replies.unzip();
        for (reply, outcome) in replies.into_iter().zip(post_all(connection, &posts)?) {
            reply.outcome = Some(outcome);
        }
        Ok(())
    }

    /// Returns the caller: with the outcome that was kept if the transaction was committed, else with the error.
    pub(in crate::store::engine) fn reply(self, committed: Result<(), StoreError>) {
        match self {
            Self::Post(_, reply) => reply.send(committed),
            Self::Other(closure) => closure.reply(committed),
        }
    }
}

/// The channel to the caller, and the outcome to send once the transaction is committed.
pub(in crate::store) struct Reply<T> {
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T> Reply<T> {
    fn new() -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (caller, outcome) = oneshot::channel();
        (Self { outcome: None, caller }, outcome)
    }

    fn send(self, committed: Result<(), StoreError>) {
        let outcome = match committed {
            Ok(()) => self.outcome,
            Err(error) => Some(Err(error)),
        };
        if let Some(outcome) = outcome {
            // The caller may have gone: what was committed stays committed.
            let _ = self.caller.send(outcome);
        }
    }
}

/// A closure with its [`Reply`], whatever type it returns: what [`WriteCommand`] needs a trait object for.
pub(in crate::store) trait WriteClosure: Send {
    /// Runs the closure and keeps its outcome.
    fn run(&mut self, connection: &mut DbConnection) -> Result<(), StoreError>;
    /// See [`WriteCommand::answer`].
    fn reply(self: Box<Self>, committed: Result<(), StoreError>);
}

impl<F, T> WriteClosure for (F, Reply<T>)
where
    F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, connection: &mut DbConnection) -> Result<(), StoreError> {
        let (closure, reply) = self;
        reply.outcome = Some(separate_refusal(closure(connection))?);
        Ok(())
    }

    fn reply(self: Box<Self>, committed: Result<(), StoreError>) {
        self.1.send(committed);
    }
}
