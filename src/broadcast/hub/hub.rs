//! A hub: the part of the broadcaster on one worker thread. It owns that thread's sockets.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::info;

use crate::pusher::{
    App, AppId, ChannelKind, ChannelName, Code, PresenceMember, SignedInUser, SocketId, SubscriptionRefusal,
    WebhookEventKind, server_frame,
};

use super::subscriptions::Subscriptions;
use super::write_batch::WriteBatch;
use crate::broadcast::actor::{Delivery, Departure, HubId, HubMailbox, HubMessage, Input, Joined, SignIn, Subscribe};
use crate::broadcast::actor::{WebhookEvent, WebhookTrigger};
use crate::broadcast::{BroadcasterHandle, ChannelKey, ConnectionRefused, Frame, Priority, SendQueueLimits, Socket};

/// The limits that concern one socket.
#[derive(Debug, Clone, Copy)]
pub struct HubLimits {
    /// What may wait for one socket.
    pub send_queue: SendQueueLimits,
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
}

/// Messages that may wait for a hub. When it is full the broadcaster waits; a hub never waits for the broadcaster.
const MAILBOX: usize = 1_024;
/// Messages that a hub handles before it lets its thread's other tasks run.
const BATCH: usize = 64;
/// For so long after a batch, the hub lets its thread's other tasks run before it handles the next message: among them are
/// posts whose events can then go out in the same writes. An event that comes alone is written at once.
const BUSY_AFTER_BATCH: Duration = Duration::from_millis(5);

impl Hub {
    /// Makes the hub of the calling thread, and its loop, which the caller spawns on this thread. The loop ends with the
    /// broadcaster.
    pub fn new(broadcaster: BroadcasterHandle, limits: HubLimits) -> (Rc<Self>, impl Future<Output = ()> + 'static) {
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        let id = broadcaster.register_hub(sender);
        let hub = Rc::new(Self { id, broadcaster, limits, subscriptions: RefCell::default() });
        (Rc::clone(&hub), hub.run(mailbox))
    }

    /// Opens a socket for a new connection.
    ///
    /// # Errors
    /// [`ConnectionRefused`].
    pub fn open_socket(&self, app: &App) -> Result<Rc<Socket>, ConnectionRefused> {
        let id = self.broadcaster.admit_socket(app)?;
        let socket = Rc::new(Socket::new(id, app.id, self.limits.send_queue));
        self.subscriptions.borrow_mut().add_socket(Rc::clone(&socket));
        Ok(socket)
    }

    /// Whether the process is stopping and new sockets are refused.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.broadcaster.is_stopping()
    }

    /// Notes that a connection is refused: in the log, and in the counters.
    pub fn note_refused_connection(&self, key: &str, code: Code, message: &str) {
        let reason = code.reason();
        info!(app_key = key, code = code.number(), reason, message, "a connection was refused");
        self.broadcaster.counters().connections_refused.count(reason);
    }

    /// Notes that a subscription is refused: in the log, and in the counters.
    pub fn note_refusal(&self, socket: &Socket, channel: &str, refusal: &SubscriptionRefusal) {
        let SubscriptionRefusal { reason, error, .. } = refusal;
        // A name that no channel can have may be of any length.
        let channel: String = channel.chars().take(ChannelName::MAX_BYTES).collect();
        info!(app_id = %socket.app(), socket_id = %socket.id(), channel, reason, error, "a subscription was refused");
        self.broadcaster.counters().subscriptions_refused.count(reason);
    }

    /// The same of a sign-in.
    pub fn note_refused_sign_in(&self, socket: &Socket, message: &str) {
        info!(app_id = %socket.app(), socket_id = %socket.id(), reason = "sign_in", message, "a sign-in was refused");
        self.broadcaster.counters().subscriptions_refused.count("sign_in");
    }

    /// A socket that belongs to no hub, for telling its client why the connection is refused.
    #[must_use]
    pub fn unlisted_socket(&self) -> Socket {
        Socket::new(SocketId { run: 0, number: 0 }, AppId::numbered(0), self.limits.send_queue)
    }

    /// Removes a socket whose connection has ended. Every [`Hub::open_socket`] must be followed by it.
    pub fn remove_socket(&self, socket: &Socket) {
        let left = self.subscriptions.borrow_mut().remove_socket(socket);
        self.broadcaster.counters().subscriptions.fetch_sub(left.len(), Ordering::Relaxed);
        for (channel, user_id) in left {
            self.broadcaster.disconnected(Departure { hub: self.id, channel, user_id });
        }
        self.broadcaster.dismiss_socket(socket.app());
    }

    /// Subscribes a socket to a channel; its authorisation was verified. Returns when the answer is queued. A socket
    /// subscribes to one channel at a time, so that it cannot unsubscribe from a channel that it is still joining.
    pub async fn subscribe(&self, socket: &Socket, channel: ChannelName, member: Option<PresenceMember>) {
        if let Some(credential) = member.as_ref().and_then(|member| member.credential.as_deref()) {
            socket.hold(credential);
        }
        let (written, is_written) = oneshot::channel();
        let is_repeated = socket.is_in(&channel);
        let channel = socket.key_of(channel);
        let subscribe = Subscribe { hub: self.id, socket: socket.id(), channel, member, is_repeated, written };
        self.broadcaster.request(Input::Subscribe(subscribe)).await;
        // Not written only when the process shuts down.
        let _ = is_written.await;
    }

    /// Binds the socket to a user (`pusher:signin`) whose data the application signed, and answers with `frame`. A socket that
    /// is signed in stays signed in as the same user.
    pub async fn sign_in(&self, socket: &Socket, channel: ChannelName, user: SignedInUser, frame: Frame) {
        if let Some(credential) = user.credential.as_deref() {
            socket.hold(credential);
        }
        socket.signed_in(user.clone());
        let (written, is_written) = oneshot::channel();
        let channel = socket.key_of(channel);
        let sign_in = SignIn { hub: self.id, socket: socket.id(), channel, user, frame, written };
        self.broadcaster.request(Input::SignIn(sign_in)).await;
        // Not written only when the process shuts down.
        let _ = is_written.await;
    }

    /// Unsubscribes a socket from a channel; nothing happens when it is not subscribed.
    pub fn unsubscribe(&self, socket: &Socket, channel: &ChannelKey) {
        let left = self.subscriptions.borrow_mut().leave(socket, channel);
        if let Some(user_id) = left {
            self.broadcaster.counters().subscriptions.fetch_sub(1, Ordering::Relaxed);
            self.broadcaster.left(Departure { hub: self.id, channel: channel.clone(), user_id });
        }
    }

    /// Sends a client's event to the others of a channel that it is in. Waits while the broadcaster's mailbox is full.
    pub async fn send_client_event(
        &self,
        app: &Arc<App>,
        socket: &Socket,
        event: &str,
        channel: ChannelName,
        data: Option<&str>,
    ) {
        let key = socket.key_of(channel);
        let is_presence = key.name.kind() == ChannelKind::Presence;
        let user_id = is_presence.then(|| self.subscriptions.borrow().user_of(socket, &key)).flatten();
        let text = server_frame::client_event(event, &key.name, data, user_id.as_deref());
        let trigger = app.has_webhook_for(WebhookEventKind::ClientEvent, key.name.as_str()).then(|| {
            let mut webhook_event = WebhookEvent::new(WebhookEventKind::ClientEvent, &key.name);
            webhook_event.event = Some(event.to_owned());
            webhook_event.data = data.map(str::to_owned);
            webhook_event.socket_id = Some(socket.id().to_string());
            webhook_event.user_id = user_id.as_deref().map(str::to_owned);
            WebhookTrigger { app: Arc::clone(app), event: webhook_event, at: Instant::now() }
        });
        let (frame, except, priority) = (Frame::text(&text), Some(socket.id()), Priority::BestEffort);
        let delivery = Delivery { channel: key, frame, except, priority, timeline: None };
        self.broadcaster.request(Input::ClientEvent(delivery, trigger)).await;
    }

    async fn run(self: Rc<Self>, mut mailbox: HubMailbox) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut sweep = ticks(self.limits.pong_timeout.div_f32(4.0).clamp(Duration::from_millis(50), MAX_SWEEP));
        let mut closing = Closing::none();
        let mut busy_until = Instant::now();
        loop {
            tokio::select! {
                taken = mailbox.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        return;
                    }
                    if Instant::now() < busy_until {
                        yield_now().await;
                    }
                    self.handle_batch(&mut batch, &mut mailbox, &mut closing);
                    busy_until = Instant::now() + BUSY_AFTER_BATCH;
                }
                _ = sweep.tick() => self.sweep(),
                () = closing.tick() => closing.close_some(),
            }
        }
    }

    /// Handles what was taken from the mailbox and what comes meanwhile, at most [`BATCH`] messages.
    fn handle_batch(&self, batch: &mut Vec<HubMessage>, mailbox: &mut HubMailbox, closing: &mut Closing) {
        let mut room = BATCH.saturating_sub(batch.len());
        let mut writes = WriteBatch::of(batch.len());
        while !batch.is_empty() {
            for message in batch.drain(..) {
                self.handle(message, &mut writes, mailbox, closing);
            }
            batch.extend(std::iter::from_fn(|| mailbox.try_recv().ok()).take(room));
            room -= batch.len();
        }
        writes.finish();
    }

    fn handle(&self, message: HubMessage, writes: &mut WriteBatch, mailbox: &HubMailbox, closing: &mut Closing) {
        match message {
            HubMessage::Deliver(delivery) => {
                let sent = self.subscriptions.borrow().deliver(&delivery, writes, mailbox);
                self.broadcaster.counters().add(sent);
                if let Some(timeline) = delivery.timeline {
                    writes.note_written(timeline, sent.queued);
                }
            }
            HubMessage::Joined(joined) => self.joined(joined),
            HubMessage::Refused(id, frame, written) => self.respond(id, &[frame], written),
            HubMessage::Revoke(channel, user_id, frame) => {
                let theirs = self.subscriptions.borrow().sockets_of(&channel, &user_id);
                for socket in theirs {
                    self.unsubscribe(&socket, &channel);
                    // A socket that is full closes itself in `send`.
                    let _ = socket.send(&frame, Priority::Required);
                }
            }
            HubMessage::Terminate(channel) => {
                let theirs = self.subscriptions.borrow().sockets_in(&channel);
                for socket in theirs {
                    socket.refuse(Code::Unauthorised, "the application ended this user's connections");
                }
            }
            HubMessage::EndCredentials(app, credentials) => {
                let theirs: Vec<_> = {
                    let subscriptions = self.subscriptions.borrow();
                    let sockets = subscriptions.sockets().filter(|socket| socket.app() == app);
                    sockets.filter(|socket| socket.holds_one_of(&credentials)).cloned().collect()
                };
                for socket in theirs {
                    // Its client may come back at once: without a valid session it gets no channel.
                    socket.close(Code::Reconnect, "the session or API token that let this socket in has ended");
                }
            }
            HubMessage::CloseSockets(over, code) => {
                let sockets = self.subscriptions.borrow().sockets().cloned().collect();
                *closing = Closing::spread(sockets, over, code);
            }
        }
    }

    fn joined(&self, Joined { socket, channel, user_id, is_repeated, frames, written }: Joined) {
        if !is_repeated {
            let joining = self.subscriptions.borrow().socket(socket).cloned();
            let Some(joining) = joining else {
                // Its connection's task was dropped while the broadcaster had it join: count it out again.
                return self.broadcaster.left(Departure { hub: self.id, channel, user_id });
            };
            self.subscriptions.borrow_mut().join(&joining, &channel, user_id);
            self.broadcaster.counters().subscriptions.fetch_add(1, Ordering::Relaxed);
        }
        self.respond(socket, &frames, written);
    }

    fn respond(&self, id: SocketId, frames: &[Frame], written: oneshot::Sender<()>) {
        if let Some(socket) = self.subscriptions.borrow().socket(id) {
            for frame in frames {
                // A socket that is full closes itself in `send`.
                let _ = socket.send(frame, Priority::Required);
            }
        }
        // Nobody waits when the socket's task is gone.
        let _ = written.send(());
    }

    /// Pings the sockets whose clients are silent, and closes those that do not answer, are not authorised in time or whose
    /// app was disabled. One loop over all sockets at intervals, instead of a timer for each.
    fn sweep(&self) {
        let now = Instant::now();
        // The protocol's event, and the WebSocket's frame: the Swift and Java clients answer the frame only.
        let pings = [Frame::text(&server_frame::ping()), Frame::ping()];
        let apps = self.broadcaster.apps().now();
        for socket in self.subscriptions.borrow().sockets() {
            let silence = now.saturating_duration_since(socket.silent_since());
            match apps.by_id(socket.app()).filter(|app| app.is_enabled) {
                None => socket.refuse(Code::AppDisabled, "the app was switched off"),
                Some(app) if is_overdue(socket, app, now) => {
                    socket.refuse(Code::Unauthorised, "the socket neither signed in nor joined a private channel");
                }
                Some(_) if silence >= self.limits.activity_timeout + self.limits.pong_timeout => {
                    socket.close(Code::NoPong, "no answer to a ping (HUBBUB_PONG_TIMEOUT_SECS)");
                }
                Some(_) if silence >= self.limits.activity_timeout && !socket.is_pinged() => socket.ping(&pings),
                Some(_) => {}
            }
        }
    }
}

/// Whether the socket should have authorised itself by now (`authorization_timeout` of its app).
fn is_overdue(socket: &Socket, app: &App, now: Instant) -> bool {
    let is_over = |timeout| now.saturating_duration_since(socket.opened()) >= timeout;
    !socket.is_authorised() && app.authorization_timeout.is_some_and(is_over)
}

/// The longest time between two sweeps: what an app sets in seconds holds within one.
const MAX_SWEEP: Duration = Duration::from_millis(500);

/// Sockets that are being closed, a few at a time.
struct Closing {
    sockets: VecDeque<Rc<Socket>>,
    each_tick: usize,
    ticks: Option<Interval>,
    code: Code,
}

impl Closing {
    const TICK: Duration = Duration::from_millis(20);

    /// Nothing to close.
    const fn none() -> Self {
        Self { sockets: VecDeque::new(), each_tick: 0, ticks: None, code: Code::Reconnect }
    }

    fn spread(sockets: VecDeque<Rc<Socket>>, over: Duration, code: Code) -> Self {
        let rounds = usize::try_from(over.as_millis() / Self::TICK.as_millis()).unwrap_or(usize::MAX).max(1);
        Self { each_tick: sockets.len().div_ceil(rounds), ticks: Some(ticks(Self::TICK)), code, sockets }
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
            socket.close(self.code, "the server asks its clients to connect anew");
        }
    }
}

/// An interval that delays after a missed tick, instead of catching up.
fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
