//! The part that holds sockets: the apps, the broadcaster and its webhooks. No database.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use crate::app::start_error::StartError;
use crate::broadcast::{
    Apps, Broadcaster, BroadcasterHandle, BroadcasterLimits, HubLimits, SendQueueLimits, WebhookTrigger,
};
use crate::bus::{Cluster, LocalReceiver};
use crate::config::{ServeConfig, SocketConfig};
use crate::pusher::{App, Code};
use crate::pusher_webhooks::{WebhookCounts, Webhooks};

use super::apps::{AppsSource, Reloader};
use super::outgoing_calls::http_client;

/// How long an actor may take to end once nobody can reach it.
const JOIN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long clients may take to answer the close frame beyond the spread. They come back within a second, and the next
/// process should be there by then.
const CLOSE_GRACE: Duration = Duration::from_millis(200);

/// The socket server's actors.
pub(in crate::app) struct SocketPart {
    handle: BroadcasterHandle,
    webhook_counts: Arc<WebhookCounts>,
    reloader: Reloader,
    /// End by themselves when nobody can reach them any more, in this order.
    actors: Vec<(&'static str, rt::task::JoinHandle<()>)>,
}

impl SocketPart {
    pub(in crate::app) fn build(
        config: &ServeConfig,
        chat_app: &App,
        receiver: LocalReceiver,
        cluster: Arc<dyn Cluster>,
    ) -> Result<Self, StartError> {
        let source = AppsSource::new(chat_app.clone(), config.socket.clone());
        let apps = Apps::new(source.read()?);
        let reloader = Reloader::new(source, apps.clone());
        let (webhook_triggers, waiting) = mpsc::channel::<WebhookTrigger>(config.webhooks.queue);
        let limits = broadcaster_limits(&config.socket);
        let (broadcaster, handle) = Broadcaster::new(receiver, cluster, apps, webhook_triggers, limits);
        let webhooks = Webhooks::new(waiting, http_client()?, handle.return_check(), &config.webhooks);
        let webhook_counts = webhooks.counts();
        let actors = vec![("the broadcaster", rt::spawn(broadcaster.run())), ("webhooks", rt::spawn(webhooks.run()))];
        Ok(Self { handle, webhook_counts, reloader, actors })
    }

    pub(in crate::app) fn handle(&self) -> BroadcasterHandle {
        self.handle.clone()
    }

    pub(in crate::app) fn webhook_counts(&self) -> Arc<WebhookCounts> {
        Arc::clone(&self.webhook_counts)
    }

    pub(in crate::app) fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Refuses new sockets from here on.
    pub(in crate::app) fn refuse_new(&self) {
        self.handle.refuse_new_sockets();
    }

    /// Closes all sockets with this code, spread over a time, and waits for their clients to see it.
    pub(in crate::app) async fn close_sockets(&self, spread: Duration, code: Code) {
        info!(sockets = self.handle.socket_count(), code = code.number(), "closing all sockets");
        self.handle.close_sockets(spread, code);
        let deadline = Instant::now() + spread + CLOSE_GRACE;
        while self.handle.socket_count() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Joins the actors, once no worker can reach them.
    pub(in crate::app) async fn end(self) {
        drop(self.handle);
        for (name, actor) in self.actors {
            if timeout(JOIN_TIMEOUT, actor).await.is_err() {
                warn!("{name} did not end in time");
            }
        }
    }
}

fn broadcaster_limits(config: &SocketConfig) -> BroadcasterLimits {
    BroadcasterLimits {
        mailbox: config.broadcast_queue,
        sockets: config.max_sockets,
        cached_channels: config.max_cached_channels,
        authorization: Duration::from_secs(config.authorization_secs.into()),
        presence_hold: Duration::from_millis(config.presence_hold_ms),
    }
}

/// The limits of each worker's hub.
pub(in crate::app) fn hub_limits(config: &SocketConfig) -> HubLimits {
    HubLimits {
        send_queue: SendQueueLimits { frames: config.max_queued_frames, bytes: config.max_queued_bytes },
        activity_timeout: Duration::from_secs(config.activity_timeout_secs.into()),
        pong_timeout: Duration::from_secs(config.pong_timeout_secs.into()),
    }
}
