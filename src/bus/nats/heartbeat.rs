//! Heartbeats: they show whether this node is connected, which others are alive, and when messages may have been lost.
//!
//! A connection can fail without any error. So a node takes it for working only while its own heartbeats come back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_nats::client::RequestErrorKind;
use async_nats::{Request, Subscriber};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use crate::bus::{ClusterEvent, NodeId};

use super::link::Link;
use super::packet::{Body, Packet};
use super::subscriptions::SubscriptionRequest;
use super::{HeadsRequest, subject};

const PERIOD: Duration = Duration::from_secs(1);
/// How late this node's own heartbeat may come back.
const PATIENCE: Duration = Duration::from_secs(3);
/// While this node is disconnected, it keeps the members of other nodes for so long.
const FREEZE: Duration = Duration::from_secs(30);
/// How long a silent node may take to answer a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The task that sends and reads heartbeats.
pub(super) struct Heartbeat {
    link: Arc<Link>,
    requests: mpsc::UnboundedSender<SubscriptionRequest>,
    /// In a role with the database: where requests for heads go.
    heads: Option<mpsc::Sender<HeadsRequest>>,
    /// How long sockets stay open while no other node is heard.
    outage: Duration,
    subject: String,
    last_echo: Instant,
    /// Since when this node does not hear its own heartbeats; `None` while it does.
    deaf_since: Option<Instant>,
    /// Lost connections, at the last repair.
    losses: u64,
    /// Messages may have been lost: to be repaired when the connection works again.
    has_gap: bool,
    was_ever_up: bool,
    are_sockets_told: bool,
}

impl Heartbeat {
    pub(super) fn new(
        link: Arc<Link>,
        requests: mpsc::UnboundedSender<SubscriptionRequest>,
        heads: Option<mpsc::Sender<HeadsRequest>>,
        outage: Duration,
    ) -> Self {
        // A node without sockets is of no subscriptions to others, and speaks to itself.
        let subject = if link.local.is_some() { subject::HEARTBEATS.to_owned() } else { subject::of_node(link.node) };
        let now = Instant::now();
        Self {
            link,
            requests,
            heads,
            outage,
            subject,
            last_echo: now,
            deaf_since: Some(now),
            losses: 0,
            has_gap: true,
            was_ever_up: false,
            are_sockets_told: false,
        }
    }

    pub(super) async fn run(mut self) {
        let mut beats = match self.link.client.subscribe(self.subject.clone()).await {
            Ok(beats) => beats,
            Err(error) => return warn!(%error, "heartbeats cannot be heard"),
        };
        let mut connection = self.link.watch_connection();
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    self.drain(&mut beats);
                    self.beat().await;
                    self.look().await;
                }
                beat = beats.next() => match beat {
                    Some(message) => self.hear(&message),
                    None => return,
                },
                Ok(()) = connection.changed() => {
                    let now = *connection.borrow_and_update();
                    self.has_gap |= now.losses != self.losses;
                    self.losses = now.losses;
                    if now.is_there {
                        self.beat().await;
                    }
                }
            }
        }
    }

    async fn beat(&self) {
        if self.link.is_connected() {
            self.link.publish(self.subject.clone(), Body::Heartbeat).await;
        }
    }

    /// Reads the heartbeats that wait. A process that was stopped for a while must do so before it looks for silent nodes.
    fn drain(&mut self, beats: &mut Subscriber) {
        while let Some(Some(message)) = futures_util::FutureExt::now_or_never(beats.next()) {
            self.hear(&message);
        }
    }

    fn hear(&mut self, message: &async_nats::Message) {
        let Some(packet) = self.link.read(message) else { return };
        let now = Instant::now();
        match packet.body {
            Body::Heartbeat if packet.node == self.link.node => self.heard_own(now),
            Body::Heartbeat => self.link.nodes.heard(packet.node, now),
            Body::Bye if self.link.nodes.remove(packet.node) => self.link.report(ClusterEvent::NodeLost(packet.node)),
            Body::Bye
            | Body::Ping
            | Body::Cluster(_)
            | Body::Query(_)
            | Body::QueryResult(_)
            | Body::RequestSnapshot(_)
            | Body::Snapshot(_)
            | Body::Heads(_) => {}
        }
    }

    fn heard_own(&mut self, now: Instant) {
        // A node that stood still hears what it said before.
        let silence = now.saturating_duration_since(self.last_echo);
        self.has_gap |= silence > PATIENCE;
        self.last_echo = now;
        self.link.is_heard.store(true, Ordering::Relaxed);
        if let Some(since) = self.deaf_since.take() {
            info!(seconds = now.saturating_duration_since(since).as_secs_f32(), "the bus is heard");
            self.link.nodes.excuse(now);
            self.are_sockets_told = false;
        }
        if std::mem::take(&mut self.has_gap) {
            self.close_gap(silence);
        }
    }

    /// Requests what may have been lost: heads of rooms and shares of channels.
    fn close_gap(&mut self, silence: Duration) {
        if std::mem::replace(&mut self.was_ever_up, true) {
            self.link.counts.gaps.fetch_add(1, Ordering::Relaxed);
        }
        self.link.report(ClusterEvent::Reconnected);
        // Both are gone only at the end of the process.
        let _ = self.requests.send(SubscriptionRequest::RequestHeads);
        if let Some(heads) = &self.heads {
            // Full, it is about to look anyway.
            let _ = heads.try_send(HeadsRequest::Since(silence + PATIENCE));
        }
    }

    async fn look(&mut self) {
        let now = Instant::now();
        let silence = now.saturating_duration_since(self.last_echo);
        if silence <= PATIENCE {
            self.look_at_others(now);
            return;
        }
        if self.deaf_since.is_none() {
            warn!(
                seconds = silence.as_secs_f32(),
                "this node does not receive its own heartbeats: it is cut off from the bus"
            );
            self.deaf_since = Some(now);
        }
        self.has_gap = true;
        self.link.is_heard.store(false, Ordering::Relaxed);
        if self.link.is_connected() {
            // The client may be stuck as well, and then nothing helps but time.
            let _ = timeout(PERIOD, self.link.client.force_reconnect()).await;
        }
        if silence > self.outage && !self.outage.is_zero() && !std::mem::replace(&mut self.are_sockets_told, true) {
            warn!("the sockets of this node are closed so that clients connect elsewhere (HUBBUB_BUS_OUTAGE_SECS)");
            self.link.report(ClusterEvent::Isolated);
        }
        if silence > FREEZE {
            self.link.nodes.remove_all().into_iter().for_each(|node| self.link.report(ClusterEvent::NodeLost(node)));
        }
    }

    fn look_at_others(&self, now: Instant) {
        let silent = self.link.nodes.silent(now);
        for node in silent.dead {
            warn!(%node, "a node was silent for too long");
            self.link.report(ClusterEvent::NodeLost(node));
        }
        for node in silent.doubtful {
            tokio::spawn(ask_whether_it_lives(Arc::clone(&self.link), node));
        }
    }
}

/// Pings a node. When it is dead, nobody subscribes to its subject, and the NATS server answers so at once.
async fn ask_whether_it_lives(link: Arc<Link>, node: NodeId) {
    let request = Request::new().payload(Packet::write(link.node, Body::Ping)).timeout(Some(PING_TIMEOUT));
    if let Err(error) = link.client.send_request(subject::of_node(node), request).await
        && error.kind() == RequestErrorKind::NoResponders
        && link.nodes.remove(node)
    {
        warn!(%node, "a node is gone");
        link.report(ClusterEvent::NodeLost(node));
    }
}
