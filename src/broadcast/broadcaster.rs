//! The broadcaster: the actor between the bus and the hubs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tracing::warn;

use crate::events::{BusMessage, Envelope, LocalReceiver, Revocation};
use crate::pusher::{ChannelKind, ChannelName, Member, SubscriptionRefusal, server_frame};

use super::channels::Channels;
use super::mailbox::{Command, Delivery, Departure, HubId, HubMessage, Joined, Order, Subscribe};
use super::revocations::Revocations;
use super::{BroadcasterHandle, Frame, Importance};

/// The actor. [`run`](Self::run) is its loop; everything it owns, it owns alone.
pub struct Broadcaster {
    bus: LocalReceiver,
    commands: mpsc::Receiver<Command>,
    orders: mpsc::UnboundedReceiver<Order>,
    hubs: HashMap<HubId, mpsc::Sender<HubMessage>>,
    channels: Channels,
    revocations: Revocations,
}

/// What the actor takes up next.
enum Heard {
    Bus(BusMessage),
    Socket(Command),
    Order(Order),
}

/// The limits that concern a channel as a whole.
#[derive(Debug, Clone, Copy)]
pub struct BroadcasterLimits {
    /// Commands of sockets that may wait; one more makes its socket's reader wait.
    pub mailbox: usize,
    /// Sockets at once: `HUBBUB_MAX_SOCKETS`.
    pub sockets: usize,
    /// People in one presence channel: `HUBBUB_MAX_PRESENCE_MEMBERS`.
    pub presence_members: usize,
    /// How long an authorisation may be used: `HUBBUB_AUTHORIZATION_SECS`.
    pub authorization: Duration,
}

impl Broadcaster {
    /// A broadcaster that hears `bus`, and the handle that hubs reach it by.
    #[must_use]
    pub fn new(bus: LocalReceiver, limits: BroadcasterLimits) -> (Self, BroadcasterHandle) {
        let (commands_sender, commands) = mpsc::channel(limits.mailbox.max(1));
        let (orders_sender, orders) = mpsc::unbounded_channel();
        let broadcaster = Self {
            bus,
            commands,
            orders,
            hubs: HashMap::new(),
            channels: Channels::new(limits.presence_members),
            revocations: Revocations::new(limits.authorization),
        };
        (broadcaster, BroadcasterHandle::new(commands_sender, orders_sender, limits.sockets))
    }

    /// Hears and sends until the bus ends or no handle is left.
    ///
    /// Orders come first: a hub must be known before its first socket subscribes. The bus and the sockets take turns, so
    /// that neither a flood of events nor one of subscriptions keeps the other waiting.
    pub async fn run(mut self) {
        loop {
            let sources = async {
                tokio::select! {
                    message = self.bus.recv() => message.map(Heard::Bus),
                    command = self.commands.recv() => command.map(Heard::Socket),
                }
            };
            let heard = tokio::select! {
                biased;
                order = self.orders.recv() => order.map(Heard::Order),
                heard = sources => heard,
            };
            match heard {
                Some(Heard::Bus(BusMessage::Event(envelope))) => self.broadcast(envelope).await,
                Some(Heard::Bus(BusMessage::Revoke(revocation))) => self.revoke(revocation).await,
                Some(Heard::Socket(Command::Subscribe(subscribe))) => self.subscribe(subscribe).await,
                Some(Heard::Socket(Command::ClientEvent(delivery))) => self.deliver(delivery).await,
                Some(Heard::Order(Order::HubStarted(id, hub))) => drop(self.hubs.insert(id, hub)),
                Some(Heard::Order(Order::Left(departure))) => self.leave(departure).await,
                Some(Heard::Order(Order::CloseSockets(over))) => self.close_sockets(over).await,
                None => return,
            }
        }
    }

    /// Step 4: one serialisation, one frame, one message to each hub that holds the channel.
    async fn broadcast(&mut self, envelope: Envelope) {
        if let Some(trace) = &envelope.trace {
            trace.heard();
        }
        let Ok(channel) = ChannelName::parse(&envelope.channel) else {
            warn!(channel = envelope.channel, "an event for a channel that cannot exist was dropped");
            return;
        };
        let frame = Frame::text(&server_frame::channel_event(&envelope.event, channel.as_str(), &envelope.data));
        let except = envelope.except.and_then(|id| id.parse().ok());
        let trace = envelope.trace;
        self.deliver(Delivery { channel, frame, except, importance: Importance::Event, trace }).await;
    }

    async fn deliver(&self, delivery: Delivery) {
        let Some(channel) = self.channels.get(&delivery.channel) else {
            if let Some(trace) = &delivery.trace {
                trace.written(0);
            }
            return;
        };
        for hub in channel.hubs() {
            self.tell(hub, HubMessage::Deliver(delivery.clone())).await;
        }
    }

    async fn subscribe(&mut self, subscribe: Subscribe) {
        let Subscribe { hub, socket, channel, member, is_repeated, answered } = subscribe;
        let admitted = match &member {
            Some(member) if self.revocations.cover(&channel, member) => Err(SubscriptionRefusal::revoked()),
            _ if is_repeated => Ok(false),
            _ => self.channels.join(&channel, hub, member.as_ref()),
        };
        match admitted {
            Err(refusal) => {
                let frame = Frame::text(&server_frame::subscription_error(channel.as_str(), &refusal));
                self.tell(hub, HubMessage::Refused(socket, frame, answered)).await;
            }
            Ok(is_new_member) => {
                if let Some(member) = member.as_ref().filter(|_| is_new_member) {
                    self.announce(&channel, &server_frame::member_added(&channel, member)).await;
                }
                let frame = self.subscription_succeeded(&channel);
                let user_id = member.map(|Member { user_id, .. }| Arc::from(user_id));
                self.tell(hub, HubMessage::Joined(Joined { socket, channel, user_id, is_repeated, frame, answered }))
                    .await;
            }
        }
    }

    fn subscription_succeeded(&self, name: &ChannelName) -> Frame {
        match (name.kind(), self.channels.get(name)) {
            (ChannelKind::Presence, Some(channel)) => {
                Frame::text(&server_frame::presence_succeeded(name, channel.members()))
            }
            _ => Frame::text(&server_frame::subscription_succeeded(name)),
        }
    }

    async fn leave(&mut self, Departure { hub, channel, user_id }: Departure) {
        let has_gone = self.channels.leave(&channel, hub, user_id.as_deref());
        if let Some(user_id) = user_id.filter(|_| has_gone) {
            self.announce(&channel, &server_frame::member_removed(&channel, &user_id)).await;
        }
    }

    /// Tells a presence channel who came or went. A socket that is about to join is not in its hub's list yet, and one
    /// that has left no longer, so neither hears of itself.
    async fn announce(&self, channel: &ChannelName, text: &str) {
        let (channel, frame) = (channel.clone(), Frame::text(text));
        let importance = Importance::Hint;
        self.deliver(Delivery { channel, frame, except: None, importance, trace: None }).await;
    }

    async fn revoke(&mut self, Revocation { user_id, channel, revoked_at }: Revocation) {
        let Ok(channel) = ChannelName::parse(&channel) else { return };
        let user_id: Arc<str> = user_id.to_string().into();
        self.revocations.add(channel.clone(), Arc::clone(&user_id), revoked_at, Instant::now());
        let Some(held) = self.channels.get(&channel) else { return };
        let frame = Frame::text(&server_frame::subscription_error(channel.as_str(), &SubscriptionRefusal::revoked()));
        for hub in held.hubs() {
            self.tell(hub, HubMessage::Revoke(channel.clone(), Arc::clone(&user_id), frame.clone())).await;
        }
    }

    async fn close_sockets(&self, over: Duration) {
        for &hub in self.hubs.keys() {
            self.tell(hub, HubMessage::CloseSockets(over)).await;
        }
    }

    async fn tell(&self, hub: HubId, message: HubMessage) {
        if let Some(mailbox) = self.hubs.get(&hub) {
            // A hub is gone only when its worker stops, and its sockets with it.
            let _ = mailbox.send(message).await;
        }
    }
}
