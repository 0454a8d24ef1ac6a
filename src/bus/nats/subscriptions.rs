//! The NATS subscriptions of this node: its own subjects, and those of the channels that have sockets here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_nats::{Request, Subscriber};
use futures_util::StreamExt;
use rand::RngExt;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::bus::{ChatChannel, ClusterEvent};
use crate::domain::RoomId;
use crate::pusher::{AppId, ChannelKey};

use super::link::Link;
use super::packet::{Body, Packet};
use super::{HeadsRequest, subject};

/// How long a channel stays subscribed after its last socket has left: people reload pages and come back.
const LINGER_SECS: std::ops::Range<f64> = 30.0..60.0;
/// How long a node may take to send a snapshot of a channel. The first subscription to the channel waits for it.
const FIND_TIMEOUT: Duration = Duration::from_millis(300);
/// Rooms in one request for heads.
const ROOMS_AT_ONCE: usize = 500;

/// What the broadcaster asks this task to do.
#[derive(Debug)]
pub(super) enum SubscriptionRequest {
    /// Subscribe to a channel's events.
    Subscribe(ChannelKey),
    /// The same, and answer nodes that request a snapshot of the channel.
    ServeSnapshots(ChannelKey),
    /// Unsubscribe after a while.
    Unsubscribe(ChannelKey),
    /// Ask one of the nodes that have the channel for a snapshot of it.
    RequestSnapshot(ChannelKey),
    /// Events of the subscribed rooms may be lost: ask for the heads of their logs.
    RequestHeads,
}

/// The task that subscribes.
pub(super) struct SubjectSubscriptions {
    link: Arc<Link>,
    requests: mpsc::UnboundedReceiver<SubscriptionRequest>,
    /// The chat's own app: its channels belong to rooms, which have heads.
    app: AppId,
    channels: HashMap<ChannelKey, ChannelSubscription>,
    /// When each of the channels without sockets is unsubscribed.
    leaving: BTreeMap<(Instant, u64), ChannelKey>,
    last_leave: u64,
}

/// A subscribed channel.
struct ChannelSubscription {
    _events: Reader,
    finders: Option<Reader>,
    leave_at: Option<(Instant, u64)>,
}

/// A task that reads a subscription, and ends it when it is dropped.
pub(super) struct Reader(AbortHandle);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Reader {
    /// Starts a task that passes the messages of a subscription to the broadcaster.
    fn start(link: &Arc<Link>, subscriber: Subscriber) -> Self {
        let link = Arc::clone(link);
        Self::each(subscriber, move |message| link.hear(message))
    }

    fn each(mut subscriber: Subscriber, take: impl Fn(async_nats::Message) + Send + 'static) -> Self {
        let read = async move {
            while let Some(message) = subscriber.next().await {
                take(message);
            }
        };
        Self(tokio::spawn(read).abort_handle())
    }
}

/// Subscribes to the subjects of this node and of all nodes, and with a database to requests for heads.
pub(super) async fn listen_as_node(
    link: &Arc<Link>,
    heads: Option<mpsc::Sender<HeadsRequest>>,
) -> Result<Vec<Reader>, async_nats::SubscribeError> {
    let mut readers = Vec::new();
    if link.local.is_some() {
        for subject in [subject::ALL.to_owned(), subject::of_node(link.node)] {
            readers.push(Reader::start(link, link.client.subscribe(subject).await?));
        }
    }
    if let Some(heads) = heads {
        let subscriber = link.client.queue_subscribe(subject::HEADS, subject::GROUP.to_owned()).await?;
        let link = Arc::clone(link);
        readers.push(Reader::each(subscriber, move |message| {
            if let Some(Packet { body: Body::Heads(rooms), .. }) = link.read(&message) {
                // The queue is full: more is asked for than can be answered, and the gap reminder tells the rest.
                let _ = heads.try_send(HeadsRequest::Rooms(rooms));
            }
        }));
    }
    Ok(readers)
}

impl SubjectSubscriptions {
    pub(super) fn new(link: Arc<Link>, requests: mpsc::UnboundedReceiver<SubscriptionRequest>, app: AppId) -> Self {
        Self { link, requests, app, channels: HashMap::new(), leaving: BTreeMap::new(), last_leave: 0 }
    }

    pub(super) async fn run(mut self) {
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                wish = self.requests.recv() => match wish {
                    Some(wish) => self.handle(wish).await,
                    None => return,
                },
                _ = ticks.tick() => self.leave_due(Instant::now()),
            }
        }
    }

    async fn handle(&mut self, wish: SubscriptionRequest) {
        let granted = match wish {
            SubscriptionRequest::Subscribe(channel) => self.listen(&channel).await,
            SubscriptionRequest::ServeSnapshots(channel) => self.offer(&channel).await,
            SubscriptionRequest::Unsubscribe(channel) => {
                self.ignore(channel);
                Ok(())
            }
            SubscriptionRequest::RequestSnapshot(channel) => {
                tokio::spawn(find(Arc::clone(&self.link), channel));
                Ok(())
            }
            SubscriptionRequest::RequestHeads => {
                self.ask_for_heads().await;
                Ok(())
            }
        };
        if let Err(error) = granted {
            warn!(%error, "a channel cannot be listened to");
        }
    }

    async fn listen(&mut self, channel: &ChannelKey) -> Result<(), async_nats::SubscribeError> {
        if let Some(listening) = self.channels.get_mut(channel) {
            if let Some(place) = listening.leave_at.take() {
                self.leaving.remove(&place);
            }
            return Ok(());
        }
        let subscriber = self.link.client.subscribe(subject::of_channel(channel)).await?;
        let events = Reader::start(&self.link, subscriber);
        self.channels.insert(channel.clone(), ChannelSubscription { _events: events, finders: None, leave_at: None });
        Ok(())
    }

    async fn offer(&mut self, channel: &ChannelKey) -> Result<(), async_nats::SubscribeError> {
        self.listen(channel).await?;
        if let Some(listening) = self.channels.get_mut(channel).filter(|listening| listening.finders.is_none()) {
            let group = subject::GROUP.to_owned();
            let subscriber = self.link.client.queue_subscribe(subject::of_finders(channel), group).await?;
            listening.finders = Some(Reader::start(&self.link, subscriber));
        }
        Ok(())
    }

    /// Stops answering requests for snapshots of a channel, and unsubscribes later.
    fn ignore(&mut self, channel: ChannelKey) {
        let Some(listening) = self.channels.get_mut(&channel) else { return };
        listening.finders = None;
        if listening.leave_at.is_none() {
            self.last_leave += 1;
            let linger = Duration::from_secs_f64(rand::rng().random_range(LINGER_SECS));
            let place = (Instant::now() + linger, self.last_leave);
            listening.leave_at = Some(place);
            self.leaving.insert(place, channel);
        }
    }

    fn leave_due(&mut self, now: Instant) {
        while let Some(due) = self.leaving.first_entry().filter(|due| due.key().0 <= now) {
            let channel = due.remove();
            self.channels.remove(&channel);
        }
    }

    async fn ask_for_heads(&self) {
        let held = self.channels.keys().filter(|channel| channel.app == self.app);
        let rooms: Vec<RoomId> = held.filter_map(|channel| room_of(channel.name.as_str())).collect();
        self.link.counts.repairs.fetch_add(rooms.len() as u64, Ordering::Relaxed);
        for rooms in rooms.chunks(ROOMS_AT_ONCE) {
            self.link.publish(subject::HEADS.to_owned(), Body::Heads(rooms.to_vec())).await;
        }
    }
}

fn room_of(channel: &str) -> Option<RoomId> {
    match ChatChannel::from_name(channel)? {
        ChatChannel::Room(room) => Some(room),
        ChatChannel::RoomPresence(_) | ChatChannel::OpenRooms | ChatChannel::User(_) | ChatChannel::Document(_) => None,
    }
}

/// Requests a snapshot of a channel from one of the nodes that have it. When none has, the NATS server answers at once.
async fn find(link: Arc<Link>, channel: ChannelKey) {
    let held = if link.is_connected() {
        let body = Body::RequestSnapshot(channel.clone());
        let request = Request::new().payload(Packet::write(link.node, body)).timeout(Some(FIND_TIMEOUT));
        let answer = link.client.send_request(subject::of_finders(&channel), request).await;
        match answer.ok().and_then(|message| link.read(&message)) {
            Some(Packet { body: Body::Snapshot(held), .. }) => Some(held),
            _ => None,
        }
    } else {
        None
    };
    link.report(ClusterEvent::Snapshot(channel, held));
}
