//! The bus between several processes: NATS core.
//!
//! The broadcaster of this process gets an event at once, whatever NATS does; others get it when they subscribe to its
//! channel. Nothing is stored in NATS: what is lost, repeated or late is repaired from the log.
//!
//! ```text
//! publish ─▶ LocalBus ─▶ this broadcaster       send ─▶ cluster messages ─┐
//!        └─▶ OutgoingQueue ─────────────────────▶ publisher ◀─────────────┘
//!                                                     │ one task, in order
//! LocalBus ◀── readers ◀── subscriptions ◀────────── NATS ──▶ heartbeat: is this node connected, which others live
//! ```

mod heads_request;
mod heartbeat;
mod link;
mod nodes;
mod packet;
mod publisher;
mod subject;
mod subscriptions;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

use crate::config::Secret;
use crate::pusher::{AppId, ChannelKey};

use super::outgoing::OutgoingQueue;
use super::{
    BoxFuture, Broker, BusFull, BusMessage, BusState, Cluster, ClusterMessage, Envelope, LocalBus, NodeId, Query,
    QueryResult, Recipient,
};
pub use heads_request::HeadsRequest;

use heartbeat::Heartbeat;
use link::Link;
use packet::{Body, Packet};
use publisher::{Publisher, QueuedMessage};
use subscriptions::{Reader, SubjectSubscriptions, SubscriptionRequest, listen_as_node};

/// Messages to other nodes that may wait; one more is dropped, and the next digest reveals it.
const MAX_QUEUED_MESSAGES: usize = 4_096;
/// How long other nodes may take to answer a query of the HTTP API.
const ASK_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the last message to other nodes may take.
const BYE_TIMEOUT: Duration = Duration::from_millis(500);

/// The broker over NATS.
#[derive(Clone)]
pub struct NatsBus {
    link: Arc<Link>,
    outgoing: OutgoingQueue,
    messages: mpsc::Sender<QueuedMessage>,
    requests: mpsc::UnboundedSender<SubscriptionRequest>,
}

/// The settings and parts of a bus.
pub struct NatsOptions {
    /// The servers, any of which will do.
    pub servers: Vec<Secret>,
    /// The chat's own app.
    pub app: AppId,
    /// Events that may wait.
    pub queue: usize,
    /// How long sockets stay open while no other node is heard; zero: for ever (`HUBBUB_BUS_OUTAGE_SECS`).
    pub outage: Duration,
    /// The broadcaster of this process.
    pub local: Option<LocalBus>,
    /// In a role with the database: where requests for heads go.
    pub heads: Option<mpsc::Sender<HeadsRequest>>,
}

/// Why a bus cannot start.
#[derive(Debug, Error)]
pub enum NatsError {
    /// A server's address is not valid.
    #[error("the bus: {0} (HUBBUB_BUS)")]
    Connect(#[from] async_nats::ConnectError),
    /// The first subscriptions failed.
    #[error("the bus: {0}")]
    Subscribe(#[from] async_nats::SubscribeError),
}

/// The tasks of a bus.
pub struct NatsTasks {
    link: Arc<Link>,
    publisher: Publisher,
    heartbeat: Heartbeat,
    subscriptions: SubjectSubscriptions,
    readers: Vec<Reader>,
}

impl NatsBus {
    /// Makes a bus, and its tasks. The servers need not be reachable yet.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn start(options: NatsOptions) -> Result<(Self, NatsTasks), NatsError> {
        let NatsOptions { servers, app, queue, outage, local, heads } = options;
        let link = Link::connect(&servers, local).await?;
        let outgoing = OutgoingQueue::new(queue);
        let (messages, waiting_messages) = mpsc::channel(MAX_QUEUED_MESSAGES);
        let (requests, waiting_requests) = mpsc::unbounded_channel();
        let tasks = NatsTasks {
            publisher: Publisher::new(Arc::clone(&link), outgoing.clone(), waiting_messages),
            heartbeat: Heartbeat::new(Arc::clone(&link), requests.clone(), heads.clone(), outage),
            subscriptions: SubjectSubscriptions::new(Arc::clone(&link), waiting_requests, app),
            readers: listen_as_node(&link, heads).await?,
            link: Arc::clone(&link),
        };
        Ok((Self { link, outgoing, messages, requests }, tasks))
    }

    /// Closes the queue; the tasks end when what waits in it was sent.
    pub fn close(&self) {
        self.outgoing.close();
    }

    fn wish(&self, wish: SubscriptionRequest) {
        // The task is gone only when the process ends.
        let _ = self.requests.send(wish);
    }
}

impl NatsTasks {
    /// Runs until the bus is closed, and then tells the other nodes that this one stops.
    pub async fn run(self) {
        let Self { link, publisher, heartbeat, subscriptions, readers } = self;
        tokio::select! {
            () = publisher.run() => {}
            () = heartbeat.run() => {}
            () = subscriptions.run() => {}
        }
        drop(readers);
        let bye = async {
            if link.local.is_some() && link.is_connected() {
                link.publish(subject::HEARTBEATS.to_owned(), Body::Bye).await;
            }
            link.client.flush().await
        };
        match timeout(BYE_TIMEOUT, bye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the other nodes were not told that this one stops"),
            Err(_) => warn!("the other nodes were not told that this one stops"),
        }
    }
}

impl Broker for NatsBus {
    /// The result is that of this process's broadcaster. What is dropped on the way to others is repaired by heads.
    fn publish(&self, message: BusMessage) -> Result<(), BusFull> {
        let Some(local) = &self.link.local else { return self.outgoing.push(message) };
        let here = local.publish(message.clone());
        here.and(self.outgoing.push(message).or(Ok(())))
    }

    fn publish_all(&self, events: Vec<Envelope>) -> Result<(), BusFull> {
        let Some(local) = &self.link.local else { return self.outgoing.push_all(events) };
        local.publish_all(events.clone())?;
        for event in events {
            // An older one had to go, which is counted.
            let _ = self.outgoing.push(BusMessage::Event(event));
        }
        Ok(())
    }

    fn state(&self) -> BusState {
        let (link, local) = (&self.link, self.link.local.as_ref().map(Broker::state));
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        BusState {
            is_connected: link.is_up(),
            waiting: self.outgoing.len() + local.map_or(0, |local| local.waiting),
            dropped_events: self.outgoing.dropped() + local.map_or(0, |local| local.dropped_events),
            sent: count(&link.counts.sent),
            received: count(&link.counts.received),
            not_understood: count(&link.counts.not_understood),
            gaps: count(&link.counts.gaps),
            repairs: count(&link.counts.repairs),
            nodes: link.nodes.count() + usize::from(link.local.is_some()),
        }
    }
}

impl Cluster for NatsBus {
    fn has_others(&self) -> bool {
        true
    }

    fn this_node(&self) -> NodeId {
        self.link.node
    }

    fn subscribe(&self, channel: &ChannelKey) {
        self.wish(SubscriptionRequest::Subscribe(channel.clone()));
    }

    fn serve_snapshots(&self, channel: &ChannelKey) {
        self.wish(SubscriptionRequest::ServeSnapshots(channel.clone()));
    }

    fn unsubscribe(&self, channel: &ChannelKey) {
        self.wish(SubscriptionRequest::Unsubscribe(channel.clone()));
    }

    fn send(&self, recipient: Recipient, message: ClusterMessage) {
        // Full, it is dropped: a digest makes it good, and typing is worth nothing later.
        let _ = self.messages.try_send(QueuedMessage { recipient, message, at: Instant::now() });
    }

    fn request_snapshot(&self, channel: &ChannelKey) {
        self.wish(SubscriptionRequest::RequestSnapshot(channel.clone()));
    }

    fn watch_node(&self, node: NodeId) {
        self.link.nodes.expect(node, std::time::Instant::now());
    }

    fn query(&self, query: Query) -> BoxFuture<QueryResult> {
        Box::pin(ask_all(Arc::clone(&self.link), query))
    }
}

/// Asks all nodes that are alive, and adds up the results that come in time.
async fn ask_all(link: Arc<Link>, query: Query) -> QueryResult {
    let nodes = link.nodes.count();
    let mut whole = QueryResult { is_partial: !link.is_up(), ..QueryResult::default() };
    if nodes == 0 || !link.is_connected() {
        return whole;
    }
    let inbox = link.client.new_inbox();
    let Ok(mut answers) = link.client.subscribe(inbox.clone()).await else {
        return QueryResult { is_partial: true, ..whole };
    };
    let deadline = Instant::now() + ASK_TIMEOUT;
    let query = Packet::write(link.node, Body::Query(query));
    if link.client.publish_with_reply(subject::ALL, inbox, query).await.is_err() {
        return QueryResult { is_partial: true, ..whole };
    }
    let mut answered = HashSet::new();
    while answered.len() < nodes {
        match timeout_at(deadline, answers.next()).await {
            Ok(Some(message)) => {
                if let Some(Packet { node, body: Body::QueryResult(answer), .. }) = link.read(&message)
                    && answered.insert(node)
                {
                    whole.add(answer);
                }
            }
            Ok(None) | Err(_) => return QueryResult { is_partial: true, ..whole },
        }
    }
    whole
}
