//! The connection to the NATS servers, shared by the tasks of the bus.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectError, ConnectOptions, Event, Message, ServerAddr};
use percent_encoding::percent_decode_str;
use rand::RngExt;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::bus::{ClusterEvent, ClusterMessage, LocalBus, NodeId};
use crate::config::Secret;

use super::nodes::Nodes;
use super::packet::{Body, Packet};

/// The client's own ping: its default would notice a cut link after a minute.
const PING_INTERVAL: Duration = Duration::from_secs(2);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause before the next attempt is random in this range, so that many clients do not reconnect at the same time.
const RECONNECT_MILLIS: std::ops::Range<u64> = 50..2_000;
/// How often the client's state is looked at while it contradicts the events that it sent.
const STATE_INTERVAL: Duration = Duration::from_millis(50);
/// Commands that may wait in the client; when it is full, the task that publishes waits.
const CLIENT_CAPACITY: usize = 65_536;
/// Messages of one subscription that may wait for its reader.
const SUBSCRIPTION_CAPACITY: usize = 4_096;
/// How long the broadcaster may take to answer another node.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The connection.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) node: NodeId,
    /// The broadcaster of this process.
    pub(super) local: Option<LocalBus>,
    pub(super) nodes: Nodes,
    pub(super) counts: Counts,
    /// Whether the client has a connection, and how often it lost one.
    connection: watch::Receiver<Connection>,
    /// Whether this node's own heartbeats come back: a connection may look open and be dead.
    pub(super) is_heard: AtomicBool,
}

/// The state of the connection, as the client reports it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) is_there: bool,
    pub(super) losses: u64,
}

/// Its counters.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) not_understood: AtomicU64,
    pub(super) gaps: AtomicU64,
    pub(super) repairs: AtomicU64,
}

impl Link {
    /// Connects in the background, now and whenever the connection is lost.
    ///
    /// # Errors
    /// A server's address that is not valid.
    pub(super) async fn connect(servers: &[Secret], local: Option<LocalBus>) -> Result<Arc<Self>, ConnectError> {
        let (told, connection) = watch::channel(Connection::default());
        let parse = |server: &Secret| server.expose().parse::<ServerAddr>();
        let servers = servers.iter().map(parse).collect::<Result<Vec<_>, _>>();
        let servers =
            servers.map_err(|error| ConnectError::with_source(async_nats::ConnectErrorKind::ServerParse, error))?;
        let options = with_credentials(ConnectOptions::new(), &servers)
            .name("hubbub")
            .retry_on_initial_connect()
            .ping_interval(PING_INTERVAL)
            .connection_timeout(CONNECTION_TIMEOUT)
            .reconnect_delay_callback(|_| Duration::from_millis(rand::rng().random_range(RECONNECT_MILLIS)))
            .client_capacity(CLIENT_CAPACITY)
            .subscription_capacity(SUBSCRIPTION_CAPACITY)
            .event_callback(move |event| {
                note(&told, &event);
                std::future::ready(())
            });
        let client = options.connect(servers).await?;
        let (node, nodes, counts) = (NodeId::random(), Nodes::default(), Counts::default());
        Ok(Arc::new(Self { client, node, local, nodes, counts, connection, is_heard: AtomicBool::new(false) }))
    }

    /// Whether a message that is published now is sent.
    pub(super) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Whether this node receives the messages of others.
    pub(super) fn is_up(&self) -> bool {
        self.is_connected() && self.is_heard.load(Ordering::Relaxed)
    }

    pub(super) fn watch_connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// Completes when there is a connection, so that [`is_connected`](Self::is_connected) is true then. Cancel safe.
    pub(super) async fn connected(&self) {
        let mut connection = self.connection.clone();
        loop {
            // The client holds the other end as long as this.
            let _ = connection.wait_for(|connection| connection.is_there).await;
            if self.is_connected() {
                return;
            }
            // The client tells of a loss after its state has changed, or not at all when many events wait.
            sleep(STATE_INTERVAL).await;
        }
    }

    /// Publishes a message. It may get lost.
    pub(super) async fn publish(&self, subject: String, body: Body) {
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.client.publish(subject, Packet::write(self.node, body)).await {
            warn!(%error, "a message did not leave for the bus");
        }
    }

    /// Parses a message; `None` when it is not understood, which is counted.
    pub(super) fn read(&self, message: &Message) -> Option<Packet> {
        match Packet::parse(&message.payload) {
            Ok(packet) => Some(packet),
            Err(_) => {
                self.counts.not_understood.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    /// Passes another node's message to the broadcaster, and sends its answer back.
    pub(super) fn hear(self: &Arc<Self>, message: Message) {
        let Some(local) = &self.local else { return };
        let Some(packet) = self.read(&message) else { return };
        if packet.node == self.node {
            // What this process published reached its own sockets before.
            return;
        }
        self.counts.received.fetch_add(1, Ordering::Relaxed);
        match packet.body {
            Body::Cluster(said) => local.report(ClusterEvent::Message(packet.node, said)),
            Body::Query(query) => {
                let (sender, answer) = oneshot::channel();
                local.report(ClusterEvent::Query(query, sender));
                self.reply(&message, answer, Body::QueryResult);
            }
            Body::RequestSnapshot(channel) => {
                let (sender, held) = oneshot::channel();
                local.report(ClusterEvent::SnapshotRequest(channel, sender));
                self.reply(&message, held, |held| Body::Snapshot(Box::new(held)));
            }
            Body::Ping => {
                let (sender, answer) = oneshot::channel();
                // The receiver is right here.
                let _ = sender.send(());
                self.reply(&message, answer, |()| Body::Heartbeat);
            }
            Body::QueryResult(_) | Body::Snapshot(_) | Body::Heartbeat | Body::Bye | Body::Heads(_) => {}
        }
    }

    fn reply<T: Send + 'static>(
        self: &Arc<Self>,
        message: &Message,
        answer: oneshot::Receiver<T>,
        body: impl FnOnce(T) -> Body + Send + 'static,
    ) {
        let Some(reply) = message.reply.clone() else { return };
        let link = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(Ok(answer)) = timeout(ANSWER_TIMEOUT, answer).await {
                link.publish(reply.to_string(), body(answer)).await;
            }
        });
    }

    /// Passes an event of the cluster to the broadcaster.
    pub(super) fn report(&self, news: ClusterEvent) {
        if let Some(local) = &self.local {
            local.report(news);
        }
    }
}

/// With the user and password, or the token, of the first server that has some. The client (async-nats 0.51) takes them from its
/// options alone, and ignores those in an address.
fn with_credentials(options: ConnectOptions, servers: &[ServerAddr]) -> ConnectOptions {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let named = servers.iter().find_map(|server| Some((server.username()?, server.password())));
    match named {
        Some((user, Some(password))) => options.user_and_password(decoded(user), decoded(password)),
        Some((token, None)) => options.token(decoded(token)),
        None => options,
    }
}

/// Whether a message is dropped when it is late.
pub(super) const fn is_best_effort(message: &ClusterMessage) -> bool {
    matches!(message, ClusterMessage::ClientEvent(_))
}

fn note(told: &watch::Sender<Connection>, event: &Event) {
    match event {
        Event::Connected => {
            info!("connected to the bus");
            told.send_modify(|connection| connection.is_there = true);
        }
        Event::Disconnected => {
            warn!("the connection to the bus is lost");
            told.send_modify(|connection| *connection = Connection { is_there: false, losses: connection.losses + 1 });
        }
        Event::SlowConsumer(_) => {
            // A reader was too slow, and messages are lost: as after a lost connection, whatever was missed is asked for.
            told.send_modify(|connection| connection.losses += 1);
        }
        Event::LameDuckMode | Event::Draining | Event::Closed | Event::ServerError(_) | Event::ClientError(_) => {
            warn!(%event, "the bus");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_that_says_it_is_connected_and_is_not_is_waited_for() {
        let server = Secret::from("nats://127.0.0.1:1".to_owned());
        let mut link = Link::connect(&[server], None).await.expect("a valid address");
        // The event of the loss never came.
        let (_told, connection) = watch::channel(Connection { is_there: true, losses: 0 });
        Arc::get_mut(&mut link).expect("the only one").connection = connection;
        assert!(!link.is_connected());
        assert!(timeout(STATE_INTERVAL * 4, link.connected()).await.is_err());
    }
}
