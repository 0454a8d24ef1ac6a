//! The bus between several processes: NATS core.
//!
//! A broadcaster's own process gets an event at once, whatever NATS does; the others get it when they listen to its
//! channel. Nothing is stored there: whatever is lost, repeated or late is made good from the log.
//!
//! ```text
//! carry ─▶ LocalBus ─▶ this broadcaster             tell ──▶ hints ─┐
//!      └─▶ Outgoing ──────────────────────▶ publisher ◀─────────────┘
//!                                             │ one task, in order
//! LocalBus ◀── readers ◀── subscriptions ◀── NATS ──▶ heartbeat: does this node hear itself, who else lives
//!                              ▲ subscriptions: what this node listens to
//! ```

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
use crate::domain::RoomId;
use crate::pusher::{AppId, ChannelKey};

use super::outgoing::Outgoing;
use super::{
    Answer, BusMessage, BusState, Carrier, Dropped, Envelope, Later, LocalBus, NodeId, PeerMessage, Peers, Question,
    Recipient,
};
use heartbeat::Pulse;
use link::Link;
use packet::{Body, Packet};
use publisher::{Hint, Publisher};
use subscriptions::{Interest, Reader, Wish, listen_as_node};

/// Messages of broadcasters to each other that may wait; one more is dropped, and a digest tells the others.
const HINTS: usize = 4_096;
/// How long the other nodes may take to answer the HTTP API's questions.
const ASK_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the good-bye may take.
const BYE_TIMEOUT: Duration = Duration::from_millis(500);

/// The bus.
#[derive(Clone)]
pub struct NatsBus {
    link: Arc<Link>,
    outgoing: Outgoing,
    hints: mpsc::Sender<Hint>,
    wishes: mpsc::UnboundedSender<Wish>,
}

/// What a bus is made of.
pub struct NatsOptions {
    /// The servers, any of which will do.
    pub servers: Vec<Secret>,
    /// The chat's own app.
    pub app: AppId,
    /// Events that may wait.
    pub queue: usize,
    /// How long sockets are kept that hear nothing; zero: for ever.
    pub outage: Duration,
    /// The broadcaster of this process.
    pub local: Option<LocalBus>,
    /// Who can look up the heads of rooms.
    pub heads: Option<mpsc::Sender<HeadsWanted>>,
}

/// Which rooms' heads are wanted, for something may have been missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadsWanted {
    /// Those rooms': a node with sockets was away.
    Rooms(Vec<RoomId>),
    /// Those of rooms that have changed within this time: a node that dispatches was away.
    Since(Duration),
}

/// Why there is no bus.
#[derive(Debug, Error)]
pub enum NatsError {
    /// An address is none.
    #[error("the bus: {0} (HUBBUB_BUS)")]
    Connect(#[from] async_nats::ConnectError),
    /// The client ended before it began.
    #[error("the bus: {0}")]
    Subscribe(#[from] async_nats::SubscribeError),
}

/// The tasks of a bus.
pub struct NatsTasks {
    link: Arc<Link>,
    publisher: Publisher,
    pulse: Pulse,
    interest: Interest,
    readers: Vec<Reader>,
}

impl NatsBus {
    /// A bus, and the tasks that work for it. The servers need not be there yet.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn start(options: NatsOptions) -> Result<(Self, NatsTasks), NatsError> {
        let NatsOptions { servers, app, queue, outage, local, heads } = options;
        let link = Link::connect(&servers, local).await?;
        let outgoing = Outgoing::new(queue);
        let (hints, waiting_hints) = mpsc::channel(HINTS);
        let (wishes, waiting_wishes) = mpsc::unbounded_channel();
        let tasks = NatsTasks {
            publisher: Publisher::new(Arc::clone(&link), outgoing.clone(), waiting_hints),
            pulse: Pulse::new(Arc::clone(&link), wishes.clone(), heads.clone(), outage),
            interest: Interest::new(Arc::clone(&link), waiting_wishes, app),
            readers: listen_as_node(&link, heads).await?,
            link: Arc::clone(&link),
        };
        Ok((Self { link, outgoing, hints, wishes }, tasks))
    }

    /// Takes nothing more; the tasks end when what waits has left.
    pub fn close(&self) {
        self.outgoing.close();
    }

    fn wish(&self, wish: Wish) {
        // The task is gone only when the process ends.
        let _ = self.wishes.send(wish);
    }
}

impl NatsTasks {
    /// Works until the bus is closed, and then says good-bye.
    pub async fn run(self) {
        let Self { link, publisher, pulse, interest, readers } = self;
        tokio::select! {
            () = publisher.run() => {}
            () = pulse.run() => {}
            () = interest.run() => {}
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
            Ok(Err(error)) => warn!(%error, "the bus was left without a good-bye"),
            Err(_) => warn!("the bus was left without a good-bye"),
        }
    }
}

impl Carrier for NatsBus {
    /// What is dropped on the way to others is made good by heads; the answer is this process's broadcaster's.
    fn carry(&self, message: BusMessage) -> Result<(), Dropped> {
        let Some(local) = &self.link.local else { return self.outgoing.push(message) };
        let here = local.carry(message.clone());
        here.and(self.outgoing.push(message).or(Ok(())))
    }

    fn carry_all(&self, events: Vec<Envelope>) -> Result<(), Dropped> {
        let Some(local) = &self.link.local else { return self.outgoing.push_all(events) };
        local.carry_all(events.clone())?;
        for event in events {
            // An older one had to go, which is counted.
            let _ = self.outgoing.push(BusMessage::Event(event));
        }
        Ok(())
    }

    fn state(&self) -> BusState {
        let (link, local) = (&self.link, self.link.local.as_ref().map(Carrier::state));
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

impl Peers for NatsBus {
    fn exist(&self) -> bool {
        true
    }

    fn this_node(&self) -> NodeId {
        self.link.node
    }

    fn listen(&self, channel: &ChannelKey) {
        self.wish(Wish::Listen(channel.clone()));
    }

    fn offer(&self, channel: &ChannelKey) {
        self.wish(Wish::Offer(channel.clone()));
    }

    fn ignore(&self, channel: &ChannelKey) {
        self.wish(Wish::Ignore(channel.clone()));
    }

    fn tell(&self, recipient: Recipient, message: PeerMessage) {
        // Full, it is dropped: a digest makes it good, and typing is worth nothing later.
        let _ = self.hints.try_send(Hint { recipient, message, at: Instant::now() });
    }

    fn find(&self, channel: &ChannelKey) {
        self.wish(Wish::Find(channel.clone()));
    }

    fn expect(&self, node: NodeId) {
        self.link.nodes.expect(node, std::time::Instant::now());
    }

    fn ask(&self, question: Question) -> Later<Answer> {
        Box::pin(ask_all(Arc::clone(&self.link), question))
    }
}

/// Asks all other nodes that are known to live, and adds up what they answer in time.
async fn ask_all(link: Arc<Link>, question: Question) -> Answer {
    let nodes = link.nodes.count();
    let mut whole = Answer { is_partial: !link.is_up(), ..Answer::default() };
    if nodes == 0 || !link.is_connected() {
        return whole;
    }
    let inbox = link.client.new_inbox();
    let Ok(mut answers) = link.client.subscribe(inbox.clone()).await else {
        return Answer { is_partial: true, ..whole };
    };
    let deadline = Instant::now() + ASK_TIMEOUT;
    let question = Packet::write(link.node, Body::Question(question));
    if link.client.publish_with_reply(subject::ALL, inbox, question).await.is_err() {
        return Answer { is_partial: true, ..whole };
    }
    let mut answered = HashSet::new();
    while answered.len() < nodes {
        match timeout_at(deadline, answers.next()).await {
            Ok(Some(message)) => {
                if let Some(Packet { node, body: Body::Answer(answer), .. }) = link.read(&message)
                    && answered.insert(node)
                {
                    whole.add(answer);
                }
            }
            Ok(None) | Err(_) => return Answer { is_partial: true, ..whole },
        }
    }
    whole
}
