//! What waits for the writer: a change, and whoever waits for its outcome.

use tokio::sync::oneshot;

use crate::store::StoreError;
use crate::store::engine::connection::DbConnection;
use crate::store::engine::error::settle;
use crate::store::messages::post::{Post, post_all};
use crate::store::messages::post_message::Posted;

/// Where a change's outcome will be, once it is committed.
pub(in crate::store) type Outcome<T> = oneshot::Receiver<Result<T, StoreError>>;

/// A change that waits for the writer.
#[expect(clippy::large_enum_variant, reason = "nearly every change is a post")]
pub(in crate::store) enum Change {
    /// A message to post. Posts that follow each other in a batch are stored together, for that is cheaper.
    Post(Post, Asker<Posted>),
    /// Any other change.
    Other(Box<dyn MakeChange>),
}

impl Change {
    /// A post, and where its outcome will be.
    pub(in crate::store) fn post(post: Post) -> (Self, Outcome<Posted>) {
        let (asker, outcome) = Asker::new();
        (Self::Post(post, asker), outcome)
    }

    /// A change made by a function, and where its outcome will be.
    pub(in crate::store) fn other<T, F>(function: F) -> (Self, Outcome<T>)
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (asker, outcome) = Asker::new();
        (Self::Other(Box::new(FnChange { function, asker })), outcome)
    }

    /// Makes changes within an open transaction, in their order, and keeps their outcomes. A refusal is an outcome,
    /// decided before anything is changed. It may be called again after the transaction was rolled back.
    ///
    /// # Errors
    /// What makes the transaction unusable.
    pub(in crate::store) fn make_all(changes: &mut [Self], connection: &mut DbConnection) -> Result<(), StoreError> {
        changes
            .chunk_by_mut(|change, next| matches!((change, next), (Self::Post(..), Self::Post(..))))
            .try_for_each(|run| Self::make_run(run, connection))
    }

    /// Makes one change, or posts that follow each other.
    fn make_run(run: &mut [Self], connection: &mut DbConnection) -> Result<(), StoreError> {
        if let [Self::Other(change)] = run {
            return change.make(connection);
        }
        let posts_and_askers = run.iter_mut().filter_map(|change| match change {
            Self::Post(post, asker) => Some((&*post, asker)),
            Self::Other(_) => None,
        });
        let (posts, askers): (Vec<_>, Vec<_>) = posts_and_askers.unzip();
        for (asker, outcome) in askers.into_iter().zip(post_all(connection, &posts)?) {
            asker.outcome = Some(outcome);
        }
        Ok(())
    }

    /// Answers with the outcome kept, once it is committed.
    pub(in crate::store) fn succeed(self) {
        match self {
            Self::Post(_, asker) => asker.succeed(),
            Self::Other(change) => change.succeed(),
        }
    }

    /// Answers that it was not stored.
    pub(in crate::store) fn fail(self, error: StoreError) {
        match self {
            Self::Post(_, asker) => asker.fail(error),
            Self::Other(change) => change.fail(error),
        }
    }
}

/// Who asked for a change, and what they will be told when it is committed.
pub(in crate::store) struct Asker<T> {
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T> Asker<T> {
    fn new() -> (Self, Outcome<T>) {
        let (reply, outcome) = oneshot::channel();
        (Self { outcome: None, reply }, outcome)
    }

    fn succeed(self) {
        if let Some(outcome) = self.outcome {
            // Whoever asked has gone: the change stands all the same.
            let _ = self.reply.send(outcome);
        }
    }

    fn fail(self, error: StoreError) {
        // Whoever asked has gone, and need not know.
        let _ = self.reply.send(Err(error));
    }
}

/// A change of whatever kind; see the methods of [`Change`].
pub(in crate::store) trait MakeChange: Send {
    fn make(&mut self, connection: &mut DbConnection) -> Result<(), StoreError>;
    fn succeed(self: Box<Self>);
    fn fail(self: Box<Self>, error: StoreError);
}

/// A change made by a function.
struct FnChange<F, T> {
    function: F,
    asker: Asker<T>,
}

impl<F, T> MakeChange for FnChange<F, T>
where
    F: Fn(&mut DbConnection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn make(&mut self, connection: &mut DbConnection) -> Result<(), StoreError> {
        self.asker.outcome = Some(settle((self.function)(connection))?);
        Ok(())
    }

    fn succeed(self: Box<Self>) {
        self.asker.succeed();
    }

    fn fail(self: Box<Self>, error: StoreError) {
        self.asker.fail(error);
    }
}
