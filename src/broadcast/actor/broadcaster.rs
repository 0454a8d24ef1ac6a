//! The broadcaster: the actor between the bus and the hubs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{Interval, interval};
use tracing::warn;

use crate::bus::{Cluster, Envelope, LocalReceiver};
use crate::pusher::{App, Code};

use super::mailbox::{Delivery, Departure, HubId, HubMessage, Input, Subscribe};
use super::webhook_event::{WebhookEvent, WebhookTrigger};
use crate::broadcast::channel::{
    Caches, Channels, EndedCredentials, PresenceGrace, Revocations, SubscriptionCounts, Watchlists,
};
use crate::broadcast::{Apps, BroadcasterHandle, ChannelKey, Counters, Frame, Priority};

/// The actor: [`run`](Self::run) is its loop. Nobody else reads or writes what it owns.
pub struct Broadcaster {
    pub(super) bus: LocalReceiver,
    /// The broadcasters of other processes.
    pub(super) cluster: Arc<dyn Cluster>,
    /// What sockets and the HTTP API ask.
    pub(super) requests: mpsc::Receiver<Input>,
    /// What hubs report.
    pub(super) control: mpsc::UnboundedReceiver<Input>,
    /// The queue of the webhooks. What does not fit is dropped and counted.
    pub(super) webhook_triggers: mpsc::Sender<WebhookTrigger>,
    pub(super) apps: Apps,
    pub(super) hubs: HashMap<HubId, mpsc::Sender<HubMessage>>,
    pub(super) channels: Channels,
    pub(super) caches: Caches,
    pub(super) counts: SubscriptionCounts,
    pub(super) watchlists: Watchlists,
    pub(super) revocations: Revocations,
    pub(super) ended_credentials: EndedCredentials,
    pub(super) grace: PresenceGrace,
    /// Subscriptions that wait for other nodes' snapshot of their channel.
    pub(super) waiting: HashMap<ChannelKey, Vec<Subscribe>>,
    /// The stamp of the last delta that the other nodes were sent.
    pub(super) last_stamp: u64,
    pub(super) counters: Arc<Counters>,
}

/// The limits that concern all apps together.
#[derive(Debug, Clone, Copy)]
pub struct BroadcasterLimits {
    /// Requests of sockets that may wait; when it is full, sockets wait before they read on.
    pub mailbox: usize,
    /// Sockets at once: `HUBBUB_MAX_SOCKETS`.
    pub sockets: usize,
    /// Cache channels whose last event is kept: `HUBBUB_MAX_CACHED_CHANNELS`.
    pub cached_channels: usize,
    /// How long an authorisation may be used: `HUBBUB_AUTHORIZATION_SECS`.
    pub authorization: Duration,
    /// The grace period of presence channels: how long a member stays whose last connection has ended
    /// (`HUBBUB_PRESENCE_HOLD_MS`).
    pub presence_hold: Duration,
}

/// How often the broadcaster looks for what is due.
const TICK: Duration = Duration::from_secs(1);

impl Broadcaster {
    /// Makes a broadcaster that receives from `bus` and reaches the other nodes through `cluster`, and the handle by which
    /// the rest of the program reaches it. What webhooks should send goes to `webhook_triggers`.
    #[must_use]
    pub fn new(
        bus: LocalReceiver,
        cluster: Arc<dyn Cluster>,
        apps: Apps,
        webhook_triggers: mpsc::Sender<WebhookTrigger>,
        limits: BroadcasterLimits,
    ) -> (Self, BroadcasterHandle) {
        let (requests_sender, requests) = mpsc::channel(limits.mailbox.max(1));
        let (control_sender, control) = mpsc::unbounded_channel();
        let counters = Arc::<Counters>::default();
        let broadcaster = Self {
            bus,
            cluster: Arc::clone(&cluster),
            requests,
            control,
            webhook_triggers,
            apps: apps.clone(),
            hubs: HashMap::new(),
            channels: Channels::default(),
            caches: Caches::new(limits.cached_channels),
            counts: SubscriptionCounts::default(),
            watchlists: Watchlists::default(),
            revocations: Revocations::new(limits.authorization),
            ended_credentials: EndedCredentials::new(limits.authorization),
            grace: PresenceGrace::new(limits.presence_hold),
            waiting: HashMap::new(),
            last_stamp: 0,
            counters: Arc::clone(&counters),
        };
        (broadcaster, BroadcasterHandle::new(requests_sender, control_sender, cluster, apps, limits.sockets, counters))
    }

    /// Receives and sends until the bus ends or no handle is left.
    pub async fn run(mut self) {
        let mut ticks = interval(TICK);
        while let Some(input) = self.next_input(&mut ticks).await {
            match input {
                Input::Publish(envelope) => self.broadcast(envelope).await,
                Input::Revoke(revocation) => self.revoke(revocation).await,
                Input::Terminate(termination) => self.terminate(termination).await,
                Input::EndCredentials(ended) => self.end_credentials(ended).await,
                Input::Cluster(event) => self.on_cluster_event(event).await,
                Input::Subscribe(subscribe) => self.subscribe(subscribe).await,
                Input::SignIn(sign_in) => self.sign_in(sign_in).await,
                Input::ClientEvent(delivery, trigger) => self.send_client_event(delivery, trigger).await,
                Input::Query(query, result) => self.respond_to_query(&query, result),
                Input::HubStarted(id, hub) => self.add_hub(id, hub),
                Input::Left(departure) => self.leave(departure, Instant::now()).await,
                Input::GraceEnded(departure, since) => self.leave(departure, since).await,
                Input::Disconnected(departure) => self.disconnected(departure).await,
                Input::CloseSockets(over, code) => self.close_sockets(over, code).await,
                Input::Tick => self.tick().await,
            }
            self.counters.channels.store(self.channels.len(), Ordering::Relaxed);
        }
    }

    /// The control queue comes first: a hub must be known before its first socket subscribes. The bus and the sockets take
    /// turns, so that neither many events nor many subscriptions keep the other waiting.
    async fn next_input(&mut self, ticks: &mut Interval) -> Option<Input> {
        let needs_ticks = !self.counts.is_empty()
            || !self.caches.is_empty()
            || !self.revocations.is_empty()
            || !self.ended_credentials.is_empty()
            || self.cluster.has_others();
        let sources = async {
            tokio::select! {
                message = self.bus.recv() => message.map(Input::from),
                request = self.requests.recv() => request,
                ended = self.grace.ended() => ended.map(|(departure, since)| Input::GraceEnded(departure, since)),
                _ = ticks.tick(), if needs_ticks => Some(Input::Tick),
            }
        };
        tokio::select! {
            biased;
            control = self.control.recv() => control,
            input = sources => input,
        }
    }

    /// Sends a client's event to the others of its channel, here and on other nodes.
    async fn send_client_event(&mut self, delivery: Delivery, trigger: Option<WebhookTrigger>) {
        Counters::count(&self.counters.client_events);
        self.tell_webhooks(trigger);
        self.relay(&delivery);
        self.deliver(delivery).await;
    }

    fn add_hub(&mut self, id: HubId, hub: mpsc::Sender<HubMessage>) {
        self.hubs.insert(id, hub);
    }

    /// A connection has ended: its user may be reloading the page, and then stays a member for the grace period.
    async fn disconnected(&mut self, departure: Departure) {
        if let Some(departure) = self.grace.hold(departure) {
            self.leave(departure, Instant::now()).await;
        }
    }

    async fn tick(&mut self) {
        self.announce_due_counts().await;
        self.send_due_digests();
        self.forget_expired_events();
        self.revocations.forget_old(Instant::now());
        self.ended_credentials.forget_old(Instant::now());
    }

    /// Step 4: one serialisation, one frame, one message to each hub that holds the channel.
    async fn broadcast(&mut self, envelope: Envelope) {
        Counters::count(&self.counters.events_heard);
        if let Some(timeline) = &envelope.timeline {
            timeline.heard();
        }
        let frame = Frame::text(&envelope.frame());
        let Envelope { channel, data, except, timeline, .. } = envelope;
        if channel.name.is_cache() {
            self.cache(&channel, &frame, data);
        }
        let priority = Priority::Required;
        self.deliver(Delivery { channel, frame, except, priority, timeline }).await;
    }

    /// Keeps the last event of a cache channel for later subscribers.
    pub(super) fn cache(&mut self, channel: &ChannelKey, frame: &Frame, data: String) {
        let Some(app) = self.apps.by_id(channel.app) else { return };
        let displaced = self.caches.keep(channel.clone(), frame.clone(), data, app.limits.cache_ttl, Instant::now());
        // A node that keeps an event must hear the next one, or it would send an old one to later subscribers.
        self.cluster.serve_snapshots(channel);
        self.unsubscribe_if_idle(displaced);
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.is_miss_reported = false;
        }
    }

    pub(super) async fn deliver(&self, delivery: Delivery) {
        let Some(channel) = self.channels.get(&delivery.channel) else {
            if let Some(timeline) = &delivery.timeline {
                timeline.written(0);
            }
            return;
        };
        for hub in channel.hubs() {
            self.tell(hub, HubMessage::Deliver(delivery.clone())).await;
        }
    }

    /// Sends a text to the sockets of a channel; it is dropped where a queue is half full.
    pub(super) async fn send_best_effort(&self, channel: &ChannelKey, text: &str) {
        let (channel, frame) = (channel.clone(), Frame::text(text));
        let priority = Priority::BestEffort;
        self.deliver(Delivery { channel, frame, except: None, priority, timeline: None }).await;
    }

    pub(super) fn tell_webhooks(&self, trigger: Option<WebhookTrigger>) {
        if let Some(trigger) = trigger
            && let Err(error) = self.webhook_triggers.try_send(trigger)
        {
            Counters::count(&self.counters.webhook_events_missed);
            warn!(%error, "a webhook misses an event (HUBBUB_WEBHOOK_QUEUE)");
        }
    }

    /// Triggers the webhooks of an app, when one of them wants to hear of it.
    pub(super) fn tell_webhooks_of(&self, app: Option<&Arc<App>>, event: WebhookEvent) {
        self.tell_webhooks_since(app, event, Instant::now());
    }

    /// The same of something that happened a while ago.
    pub(super) fn tell_webhooks_since(&self, app: Option<&Arc<App>>, event: WebhookEvent, at: Instant) {
        let app = app.filter(|app| app.has_webhook_for(event.name, &event.channel));
        self.tell_webhooks(app.map(|app| WebhookTrigger { app: Arc::clone(app), event, at }));
    }

    pub(super) async fn close_sockets(&self, over: Duration, code: Code) {
        for &hub in self.hubs.keys() {
            self.tell(hub, HubMessage::CloseSockets(over, code)).await;
        }
    }

    pub(super) async fn tell(&self, hub: HubId, message: HubMessage) {
        if let Some(mailbox) = self.hubs.get(&hub) {
            // A hub is gone only when its worker stops, and its sockets with it.
            let _ = mailbox.send(message).await;
        }
    }
}
