//! A hub: the part of the broadcaster that lives on a worker thread and owns that thread's sockets.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::pusher::{ChannelKind, ChannelName, Code, Member, SocketId, server_frame};

use super::mailbox::{Command, Delivery, Departure, HubId, HubMessage, Joined, Subscribe};
use super::subscriptions::Subscriptions;
use super::{BroadcasterHandle, Frame, Importance, NoRoom, OutboxLimits, Socket};

/// The limits that concern one socket.
#[derive(Debug, Clone, Copy)]
pub struct HubLimits {
    /// What may wait for one socket.
    pub outbox: OutboxLimits,
    /// Silence after which a client is pinged: `HUBBUB_ACTIVITY_TIMEOUT_SECS`.
    pub activity_timeout: Duration,
    /// Silence after a ping that closes the socket: `HUBBUB_PONG_TIMEOUT_SECS`.
    pub pong_timeout: Duration,
}

/// The sockets of one worker thread.
#[derive(Debug)]
pub struct Hub {
    id: HubId,
    broadcaster: BroadcasterHandle,
    limits: HubLimits,
    subscriptions: RefCell<Subscriptions>,
    is_closing: Cell<bool>,
}

/// What waits for a hub. Longer, and the broadcaster waits, for a hub that never waits itself.
const MAILBOX: usize = 1_024;
/// Messages that a hub takes up at once, before it lets its thread's other tasks run.
const BATCH: usize = 64;

impl Hub {
    /// Makes the hub of the calling thread, and its loop, which the caller spawns on this thread. The loop ends when the
    /// broadcaster is gone.
    pub fn new(broadcaster: BroadcasterHandle, limits: HubLimits) -> (Rc<Self>, impl Future<Output = ()> + 'static) {
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        let id = broadcaster.register_hub(sender);
        let (subscriptions, is_closing) = (RefCell::default(), Cell::new(false));
        let hub = Rc::new(Self { id, broadcaster, limits, subscriptions, is_closing });
        (Rc::clone(&hub), hub.run(mailbox))
    }

    /// Takes a new socket in.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn open_socket(&self) -> Result<Rc<Socket>, NoRoom> {
        if self.is_closing.get() {
            return Err(NoRoom);
        }
        let (run, number) = self.broadcaster.admit_socket()?;
        let socket = Rc::new(Socket::new(SocketId { run, number }, self.limits.outbox));
        self.subscriptions.borrow_mut().add_socket(Rc::clone(&socket));
        Ok(socket)
    }

    /// A socket that belongs to no hub, for telling its client that there is no room.
    #[must_use]
    pub fn unlisted_socket(&self) -> Socket {
        Socket::new(SocketId { run: 0, number: 0 }, self.limits.outbox)
    }

    /// Forgets a socket. Everybody who takes one in must let it go.
    pub fn remove_socket(&self, socket: &Socket) {
        let left = self.subscriptions.borrow_mut().remove_socket(socket);
        for (channel, user_id) in left {
            self.broadcaster.left(Departure { hub: self.id, channel, user_id });
        }
        self.broadcaster.dismiss_socket();
    }

    /// Joins a channel, the right to which was verified; returns when the client's answer is on its way. A socket
    /// subscribes to one channel at a time, so that it can never leave a channel that it is still joining.
    pub async fn subscribe(&self, socket: &Socket, channel: ChannelName, member: Option<Member>) {
        let (answered, answer) = oneshot::channel();
        let is_repeated = socket.is_in(&channel);
        let subscribe = Subscribe { hub: self.id, socket: socket.id(), channel, member, is_repeated, answered };
        self.broadcaster.command(Command::Subscribe(subscribe)).await;
        // Unanswered only when the process shuts down.
        let _ = answer.await;
    }

    /// Leaves a channel; nothing happens when the socket is not in it.
    pub fn unsubscribe(&self, socket: &Socket, channel: &ChannelName) {
        let left = self.subscriptions.borrow_mut().leave(socket, channel);
        if let Some(user_id) = left {
            self.broadcaster.left(Departure { hub: self.id, channel: channel.clone(), user_id });
        }
    }

    /// Sends a client's event to the others of a channel that it is in. Waits while the broadcaster's mailbox is full.
    pub async fn send_client_event(&self, socket: &Socket, event: &str, channel: ChannelName, data: Option<&RawValue>) {
        let is_presence = channel.kind() == ChannelKind::Presence;
        let user_id = is_presence.then(|| self.subscriptions.borrow().user_of(socket, &channel)).flatten();
        let frame = Frame::text(&server_frame::client_event(event, &channel, data, user_id.as_deref()));
        let (except, importance) = (Some(socket.id()), Importance::Hint);
        let delivery = Delivery { channel, frame, except, importance, trace: None };
        self.broadcaster.command(Command::ClientEvent(delivery)).await;
    }

    async fn run(self: Rc<Self>, mut mailbox: mpsc::Receiver<HubMessage>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut sweep = ticks(self.limits.pong_timeout.div_f32(4.0).clamp(Duration::from_millis(50), MAX_SWEEP));
        let mut closing = Closing::default();
        loop {
            tokio::select! {
                taken = mailbox.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        return;
                    }
                    for message in batch.drain(..) {
                        self.handle(message, &mut closing);
                    }
                }
                _ = sweep.tick() => self.ping_the_silent(),
                () = closing.tick() => closing.close_some(),
            }
        }
    }

    fn handle(&self, message: HubMessage, closing: &mut Closing) {
        match message {
            HubMessage::Deliver(delivery) => {
                let sent = self.subscriptions.borrow().deliver(&delivery);
                if let Some(trace) = delivery.trace {
                    trace.written(sent);
                }
            }
            HubMessage::Joined(joined) => self.joined(joined),
            HubMessage::Refused(id, frame, answered) => self.answer(id, &frame, answered),
            HubMessage::Revoke(channel, user_id, frame) => {
                let theirs = self.subscriptions.borrow().sockets_of(&channel, &user_id);
                for socket in theirs {
                    self.unsubscribe(&socket, &channel);
                    // A socket that is full closes itself in `send`.
                    let _ = socket.send(&frame, Importance::Event);
                }
            }
            HubMessage::CloseSockets(over) => {
                self.is_closing.set(true);
                let sockets = self.subscriptions.borrow().sockets().cloned().collect();
                *closing = Closing::spread(sockets, over);
            }
        }
    }

    fn joined(&self, Joined { socket, channel, user_id, is_repeated, frame, answered }: Joined) {
        if !is_repeated {
            let joining = self.subscriptions.borrow().socket(socket).cloned();
            let Some(joining) = joining else {
                // Its connection's task was dropped while the broadcaster had it join: count it out again.
                return self.broadcaster.left(Departure { hub: self.id, channel, user_id });
            };
            self.subscriptions.borrow_mut().join(&joining, &channel, user_id);
        }
        self.answer(socket, &frame, answered);
    }

    fn answer(&self, id: SocketId, frame: &Frame, answered: oneshot::Sender<()>) {
        if let Some(socket) = self.subscriptions.borrow().socket(id) {
            // A socket that is full closes itself in `send`.
            let _ = socket.send(frame, Importance::Event);
        }
        // Nobody waits when the socket's task is gone.
        let _ = answered.send(());
    }

    /// One walk over all sockets now and then, instead of a timer for each.
    fn ping_the_silent(&self) {
        let now = Instant::now();
        let ping = Frame::text(&server_frame::ping());
        for socket in self.subscriptions.borrow().sockets() {
            let silence = now.saturating_duration_since(socket.silent_since());
            if silence >= self.limits.activity_timeout + self.limits.pong_timeout {
                socket.close(Code::NoPong, "no answer to a ping (HUBBUB_PONG_TIMEOUT_SECS)");
            } else if silence >= self.limits.activity_timeout && !socket.is_pinged() {
                socket.ping(&ping);
            }
        }
    }
}

/// The longest time between two looks at the silent sockets.
const MAX_SWEEP: Duration = Duration::from_secs(5);

/// Sockets that are being closed, a few at a time.
#[derive(Default)]
struct Closing {
    sockets: VecDeque<Rc<Socket>>,
    each_tick: usize,
    ticks: Option<Interval>,
}

impl Closing {
    const TICK: Duration = Duration::from_millis(20);

    fn spread(sockets: VecDeque<Rc<Socket>>, over: Duration) -> Self {
        let rounds = usize::try_from(over.as_millis() / Self::TICK.as_millis()).unwrap_or(usize::MAX).max(1);
        Self { each_tick: sockets.len().div_ceil(rounds), ticks: Some(ticks(Self::TICK)), sockets }
    }

    /// The next time to close some; never when there is nothing to close. Cancel safe.
    async fn tick(&mut self) {
        match &mut self.ticks {
            Some(ticks) if !self.sockets.is_empty() => {
                ticks.tick().await;
            }
            _ => std::future::pending().await,
        }
    }

    fn close_some(&mut self) {
        for socket in self.sockets.drain(..self.each_tick.min(self.sockets.len())) {
            socket.close(Code::Reconnect, "the server is restarting");
        }
    }
}

/// An interval that does not hurry to make up for what it missed.
fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
