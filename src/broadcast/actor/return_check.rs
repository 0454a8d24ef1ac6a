//! Whether somebody who left is back, on whichever node.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::broadcast::ChannelKey;
use crate::bus::{Cluster, Query, QueryResult};

use super::mailbox::Input;

/// Asks all nodes whether a channel, or a member of it, that is gone from this one is there. It does not keep the broadcaster
/// alive.
#[derive(Clone)]
pub struct ReturnCheck {
    requests: mpsc::WeakSender<Input>,
    cluster: Arc<dyn Cluster>,
}

impl ReturnCheck {
    pub(super) const fn new(requests: mpsc::WeakSender<Input>, cluster: Arc<dyn Cluster>) -> Self {
        Self { requests, cluster }
    }

    /// Whether there are other nodes to be asked.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.cluster.has_others()
    }

    /// Whether the channel has a socket, or the user is a member of it. A node that does not answer in time counts as one
    /// that has neither.
    pub async fn is_back(self, channel: ChannelKey, user_id: Option<String>) -> bool {
        let query = match user_id {
            Some(user_id) => Query::Member(channel, user_id),
            None => Query::Channel(channel),
        };
        let others = self.cluster.query(query.clone());
        let mut answer = self.ask_here(query).await.unwrap_or_default();
        answer.add(others.await);
        !answer.users.is_empty() || answer.channels.values().any(|info| info.socket_count > 0)
    }

    /// `None` when the broadcaster has ended.
    async fn ask_here(&self, query: Query) -> Option<QueryResult> {
        let (sender, answer) = oneshot::channel();
        self.requests.upgrade()?.send(Input::Query(query, sender)).await.ok()?;
        answer.await.ok()
    }
}
