//! How the rest of the program reaches the broadcaster.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::bus::{Cluster, Query, QueryResult};
use crate::pusher::{App, AppId, Code, SocketId};

use super::mailbox::{Departure, HubId, HubMessage, Input};
use super::return_check::ReturnCheck;
use crate::broadcast::{Apps, ChannelInfo, ChannelKey, Counters};

/// A handle to the broadcaster; cheap to clone, one for each worker.
#[derive(Debug, Clone)]
pub struct BroadcasterHandle {
    requests: mpsc::Sender<Input>,
    control: mpsc::UnboundedSender<Input>,
    shared: Arc<Shared>,
}

/// What the handles of all workers share.
struct Shared {
    apps: Apps,
    cluster: Arc<dyn Cluster>,
    max_sockets: usize,
    sockets: AtomicUsize,
    hubs: AtomicUsize,
    /// The first half of socket ids.
    run: u64,
    next_socket: AtomicU64,
    /// New sockets are refused.
    is_stopping: AtomicBool,
    counters: Arc<Counters>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("sockets", &self.sockets).finish_non_exhaustive()
    }
}

/// Why a new connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionRefused {
    /// The process has its maximum of sockets.
    #[error("the server has as many sockets as it may (HUBBUB_MAX_SOCKETS)")]
    Server,
    /// The app has its maximum of sockets.
    #[error("the app has as many sockets as it may (max_sockets in HUBBUB_APPS_FILE)")]
    App,
}

impl ConnectionRefused {
    /// The close code. It tells the client whether to reconnect: a full app stays full for a while, a full server may not.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::App => Code::OverQuota,
            Self::Server => Code::OverCapacity,
        }
    }
}

impl BroadcasterHandle {
    pub(crate) fn new(
        requests: mpsc::Sender<Input>,
        control: mpsc::UnboundedSender<Input>,
        cluster: Arc<dyn Cluster>,
        apps: Apps,
        max_sockets: usize,
        counters: Arc<Counters>,
    ) -> Self {
        let shared = Shared {
            apps,
            cluster,
            max_sockets,
            sockets: AtomicUsize::new(0),
            hubs: AtomicUsize::new(0),
            // Half of the range keeps the number exact in JavaScript, should a client parse it.
            run: u64::from(rand::random::<u32>()),
            next_socket: AtomicU64::new(1),
            is_stopping: AtomicBool::new(false),
            counters,
        };
        Self { requests, control, shared: Arc::new(shared) }
    }

    /// How many sockets are open.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.shared.sockets.load(Ordering::Relaxed)
    }

    /// How many sockets each app has; only the apps that have any.
    #[must_use]
    pub fn socket_counts(&self) -> Vec<(AppId, usize)> {
        self.sockets_by_app().iter().map(|(app, sockets)| (*app, *sockets)).collect()
    }

    /// The counters of the broadcaster and its hubs, for metrics.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// The apps that are served.
    #[must_use]
    pub fn apps(&self) -> &Apps {
        &self.shared.apps
    }

    /// Asks this node and all others about channels. `None` only while the process shuts down.
    pub async fn query(&self, query: Query) -> Option<QueryResult> {
        let remote = self.shared.cluster.has_others().then(|| self.shared.cluster.query(query.clone()));
        let (sender, answer) = oneshot::channel();
        self.request(Input::Query(query, sender)).await;
        let mut answer = answer.await.ok()?;
        if let Some(remote) = remote {
            answer.add(remote.await);
        }
        Some(answer)
    }

    /// A channel as it is at the moment. `None` only while the process shuts down.
    pub async fn channel_info(&self, channel: ChannelKey) -> Option<ChannelInfo> {
        let name = channel.name.clone();
        let mut answer = self.query(Query::Channel(channel)).await?;
        answer.channels.remove(&name)
    }

    /// What tells whether somebody who left is back.
    #[must_use]
    pub fn return_check(&self) -> ReturnCheck {
        ReturnCheck::new(self.requests.downgrade(), Arc::clone(&self.shared.cluster))
    }

    /// Closes all sockets with a code, spread over a time, so that their clients do not all come back in the same instant.
    pub fn close_sockets(&self, over: Duration, code: Code) {
        self.control(Input::CloseSockets(over, code));
    }

    /// Refuses new sockets from here on: the process is about to stop.
    pub fn refuse_new_sockets(&self) {
        self.shared.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.shared.is_stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn register_hub(&self, mailbox: mpsc::Sender<HubMessage>) -> HubId {
        let id = HubId(self.shared.hubs.fetch_add(1, Ordering::Relaxed));
        self.control(Input::HubStarted(id, mailbox));
        id
    }

    /// Counts a new socket and gives it an id.
    pub(crate) fn admit_socket(&self, app: &App) -> Result<SocketId, ConnectionRefused> {
        let mut by_app = self.sockets_by_app();
        if self.socket_count() >= self.shared.max_sockets {
            return Err(ConnectionRefused::Server);
        }
        let of_app = by_app.entry(app.id).or_default();
        if *of_app >= app.limits.max_sockets {
            return Err(ConnectionRefused::App);
        }
        *of_app += 1;
        Counters::count(&self.shared.counters.sockets_opened);
        self.shared.sockets.fetch_add(1, Ordering::Relaxed);
        Ok(SocketId { run: self.shared.run, number: self.shared.next_socket.fetch_add(1, Ordering::Relaxed) })
    }

    pub(crate) fn dismiss_socket(&self, app: AppId) {
        let mut by_app = self.sockets_by_app();
        if let Some(of_app) = by_app.get_mut(&app) {
            *of_app -= 1;
            if *of_app == 0 {
                by_app.remove(&app);
            }
        }
        self.shared.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    fn sockets_by_app(&self) -> MutexGuard<'_, HashMap<AppId, usize>> {
        self.shared.counters.sockets_by_app.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request of a socket or of the HTTP API; waits while the queue is full.
    pub(crate) async fn request(&self, request: Input) {
        // The broadcaster is gone only when the process shuts down, and every socket with it.
        let _ = self.requests.send(request).await;
    }

    pub(crate) fn left(&self, departure: Departure) {
        self.control(Input::Left(departure));
    }

    pub(crate) fn disconnected(&self, departure: Departure) {
        self.control(Input::Disconnected(departure));
    }

    fn control(&self, message: Input) {
        // As in `request`.
        let _ = self.control.send(message);
    }
}
