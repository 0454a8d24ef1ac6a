//! The broadcaster: the actor between the bus and the hubs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{Interval, interval};
use tracing::warn;

use crate::bus::{BusInput, BusMessage, Cluster, ClusterEvent, Envelope, LocalReceiver};
use crate::pusher::{App, ChannelName};

use super::mailbox::{AfterClose, Command, Delivery, Departure, HubId, HubMessage, Order, Subscribe};
use super::webhook_event::{WebhookEvent, WebhookTrigger};
use crate::broadcast::channel::Caches;
use crate::broadcast::channel::Channels;
use crate::broadcast::channel::PresenceGrace;
use crate::broadcast::channel::Revocations;
use crate::broadcast::channel::SubscriptionCounts;
use crate::broadcast::channel::Watchlists;
use crate::broadcast::{Apps, BroadcasterHandle, ChannelKey, Counters, Frame, Priority};

/// The actor. [`run`](Self::run) is its loop; everything it owns, it owns alone.
pub struct Broadcaster {
    pub(super) bus: LocalReceiver,
    /// The broadcasters of other processes.
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    /// Where webhooks hear of what happens; full, they miss it, and it is counted.
    pub(super) webhook_triggers: mpsc::Sender<WebhookTrigger>,
    pub(super) apps: Apps,
    pub(super) hubs: HashMap<HubId, mpsc::Sender<HubMessage>>,
    pub(super) channels: Channels,
    pub(super) caches: Caches,
    pub(super) counts: SubscriptionCounts,
    pub(super) watchlists: Watchlists,
    pub(super) revocations: Revocations,
    pub(super) held: PresenceGrace,
    /// Subscriptions that wait until the other nodes have said what they have of the channel.
    pub(super) waiting: HashMap<ChannelKey, Vec<Subscribe>>,
    /// The stamp of the last change that the other nodes were told.
    pub(super) last_stamp: u64,
    pub(super) counters: Arc<Counters>,
}

/// The limits that concern all apps together.
#[derive(Debug, Clone, Copy)]
pub struct BroadcasterLimits {
    /// Commands of sockets that may wait; one more makes its socket's reader wait.
    pub mailbox: usize,
    /// Sockets at once: `HUBBUB_MAX_SOCKETS`.
    pub sockets: usize,
    /// Cache channels whose last event is kept: `HUBBUB_MAX_CACHED_CHANNELS`.
    pub cached_channels: usize,
    /// How long an authorisation may be used: `HUBBUB_AUTHORIZATION_SECS`.
    pub authorization: Duration,
    /// How long somebody stays in a presence channel whose last connection has ended: `HUBBUB_PRESENCE_HOLD_MS`.
    pub presence_hold: Duration,
}

/// What the actor takes up next.
enum Heard {
    Bus(BusInput),
    Socket(Command),
    Order(Order),
    /// A departure that was held back.
    Departed(Departure),
    /// SubscriptionCounts of large channels, digests for other nodes and the end of cached events may be due.
    Tick,
}

/// How often it is looked for what is due.
const TICK: Duration = Duration::from_secs(1);
/// Time over which sockets are closed that are better off remote.
const CUT_OFF_SPREAD: Duration = Duration::from_secs(5);

impl Broadcaster {
    /// A broadcaster that hears `bus` and speaks to the others through `cluster`, and the handle that hubs reach it by. What webhooks should
    /// be told goes to `webhook_triggers`.
    #[must_use]
    pub fn new(
        bus: LocalReceiver,
        cluster: Arc<dyn Cluster>,
        apps: Apps,
        webhook_triggers: mpsc::Sender<WebhookTrigger>,
        limits: BroadcasterLimits,
    ) -> (Self, BroadcasterHandle) {
        let (commands_sender, commands) = mpsc::channel(limits.mailbox.max(1));
        let (orders_sender, orders) = mpsc::unbounded_channel();
        let counters = Arc::<Counters>::default();
        let broadcaster = Self {
            bus,
            cluster: Arc::clone(&cluster),
            commands,
            orders,
            webhook_triggers,
            apps: apps.clone(),
            hubs: HashMap::new(),
            channels: Channels::default(),
            caches: Caches::new(limits.cached_channels),
            counts: SubscriptionCounts::default(),
            watchlists: Watchlists::default(),
            revocations: Revocations::new(limits.authorization),
            held: PresenceGrace::new(limits.presence_hold),
            waiting: HashMap::new(),
            last_stamp: 0,
            counters: Arc::clone(&counters),
        };
        (broadcaster, BroadcasterHandle::new(commands_sender, orders_sender, cluster, apps, limits.sockets, counters))
    }

    /// Hears and sends until the bus ends or no handle is left.
    ///
    /// Orders come first: a hub must be known before its first socket subscribes. The bus and the sockets take turns, so
    /// that neither a flood of events nor one of subscriptions keeps the other waiting.
    pub async fn run(mut self) {
        let mut ticks = interval(TICK);
        loop {
            match self.hear(&mut ticks).await {
                Some(Heard::Bus(BusInput::Message(BusMessage::Event(envelope)))) => self.broadcast(envelope).await,
                Some(Heard::Bus(BusInput::Message(BusMessage::Revoke(revocation)))) => self.revoke(revocation).await,
                Some(Heard::Bus(BusInput::Message(BusMessage::Terminate(termination)))) => {
                    self.terminate(termination).await;
                }
                Some(Heard::Bus(BusInput::Cluster(ClusterEvent::Isolated))) => {
                    self.close_sockets(CUT_OFF_SPREAD, AfterClose::AcceptNew).await;
                }
                Some(Heard::Bus(BusInput::Cluster(news))) => self.on_cluster_event(news).await,
                Some(Heard::Socket(Command::Subscribe(subscribe))) => self.subscribe(subscribe).await,
                Some(Heard::Socket(Command::SignIn(sign_in))) => self.sign_in(sign_in).await,
                Some(Heard::Socket(Command::ClientEvent(delivery, trigger))) => {
                    Counters::count(&self.counters.client_events);
                    self.tell_webhooks(trigger);
                    self.relay(&delivery);
                    self.deliver(delivery).await;
                }
                // Whoever asked may have gone, and then nobody minds.
                Some(Heard::Socket(Command::Ask(query, answer))) => drop(answer.send(self.answer(&query))),
                Some(Heard::Order(Order::HubStarted(id, hub))) => drop(self.hubs.insert(id, hub)),
                Some(Heard::Order(Order::Left(departure)) | Heard::Departed(departure)) => self.leave(departure).await,
                Some(Heard::Order(Order::Lost(departure))) => {
                    if let Some(departure) = self.held.hold(departure) {
                        self.leave(departure).await;
                    }
                }
                Some(Heard::Order(Order::CloseSockets(over))) => self.close_sockets(over, AfterClose::RefuseNew).await,
                Some(Heard::Tick) => self.tick().await,
                None => return,
            }
            self.counters.channels.store(self.channels.len(), Ordering::Relaxed);
        }
    }

    async fn hear(&mut self, ticks: &mut Interval) -> Option<Heard> {
        let needs_ticks = !self.counts.is_empty()
            || !self.caches.is_empty()
            || !self.revocations.is_empty()
            || self.cluster.has_others();
        let sources = async {
            tokio::select! {
                message = self.bus.recv() => message.map(Heard::Bus),
                command = self.commands.recv() => command.map(Heard::Socket),
                departure = self.held.due() => departure.map(Heard::Departed),
                _ = ticks.tick(), if needs_ticks => Some(Heard::Tick),
            }
        };
        tokio::select! {
            biased;
            order = self.orders.recv() => order.map(Heard::Order),
            heard = sources => heard,
        }
    }

    async fn tick(&mut self) {
        self.announce_due_counts().await;
        self.send_due_digests();
        self.forget_expired_events();
        self.revocations.forget_old(Instant::now());
    }

    /// Step 4: one serialisation, one frame, one message to each hub that holds the channel.
    async fn broadcast(&mut self, envelope: Envelope) {
        Counters::count(&self.counters.events_heard);
        if let Some(timeline) = &envelope.timeline {
            timeline.heard();
        }
        let Ok(name) = ChannelName::parse(&envelope.channel) else {
            warn!(channel = envelope.channel, "an event for a channel that cannot exist was dropped");
            return;
        };
        let channel = ChannelKey { app: envelope.app, name };
        let frame = Frame::text(&envelope.frame());
        if channel.name.is_cache() {
            self.cache(&channel, &frame, envelope.data);
        }
        let except = envelope.except.and_then(|id| id.parse().ok());
        let (priority, timeline) = (Priority::Required, envelope.timeline);
        self.deliver(Delivery { channel, frame, except, priority, timeline }).await;
    }

    /// Keeps an event of a cache channel for those who come later.
    pub(super) fn cache(&mut self, channel: &ChannelKey, frame: &Frame, data: String) {
        let Some(app) = self.apps.by_id(channel.app) else { return };
        let displaced = self.caches.keep(channel.clone(), frame.clone(), data, app.limits.cache_ttl, Instant::now());
        // Whoever keeps an event must hear the next, or would show an old one to those who come later.
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

    /// Sends a text to the sockets of a channel that can do without it.
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

    /// An trigger for the webhooks of an app, when one of them wants to hear of it.
    pub(super) fn tell_webhooks_of(&self, app: Option<&Arc<App>>, event: WebhookEvent) {
        let app = app.filter(|app| app.has_webhook_for(event.name, &event.channel));
        self.tell_webhooks(app.map(|app| WebhookTrigger { app: Arc::clone(app), event }));
    }

    pub(super) async fn close_sockets(&self, over: Duration, after_close: AfterClose) {
        for &hub in self.hubs.keys() {
            self.tell(hub, HubMessage::CloseSockets(over, after_close)).await;
        }
    }

    pub(super) async fn tell(&self, hub: HubId, message: HubMessage) {
        if let Some(mailbox) = self.hubs.get(&hub) {
            // A hub is gone only when its worker stops, and its sockets with it.
            let _ = mailbox.send(message).await;
        }
    }
}
