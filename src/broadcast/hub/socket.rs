//! One connected socket.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Instant;

use tokio::sync::Notify;

use crate::pusher::{AppId, ChannelName, Code, SignedInUser, SocketId, server_frame};

use crate::broadcast::shrink::ShrinkSparse;
use crate::broadcast::{ChannelKey, EnqueueResult, Frame, Priority, SendQueue, SendQueueLimits};

/// A socket: its send queue, its channels, and when its client last sent something. It lives on one thread.
#[derive(Debug)]
pub struct Socket {
    id: SocketId,
    app: AppId,
    send_queue: SendQueue,
    channels: RefCell<HashSet<ChannelName>>,
    user: RefCell<Option<Rc<SignedInUser>>>,
    opened: Instant,
    /// Whether it has signed in, or subscribed to a channel that needs an authorisation.
    is_authorised: Cell<bool>,
    last_heard: Cell<Instant>,
    /// Whether a ping was sent and the client has sent nothing since.
    is_pinged: Cell<bool>,
    is_closing: Cell<bool>,
    /// Wakes the task that reads from the connection: it ends the socket.
    closing: Notify,
}

impl Socket {
    pub(crate) fn new(id: SocketId, app: AppId, limits: SendQueueLimits) -> Self {
        Self {
            id,
            app,
            send_queue: SendQueue::new(limits),
            channels: RefCell::default(),
            user: RefCell::default(),
            opened: Instant::now(),
            is_authorised: Cell::new(false),
            last_heard: Cell::new(Instant::now()),
            is_pinged: Cell::new(false),
            is_closing: Cell::new(false),
            closing: Notify::new(),
        }
    }

    /// The socket's id.
    #[must_use]
    pub const fn id(&self) -> SocketId {
        self.id
    }

    /// The app that it belongs to.
    #[must_use]
    pub const fn app(&self) -> AppId {
        self.app
    }

    /// The user that it is signed in as.
    #[must_use]
    pub fn user(&self) -> Option<Rc<SignedInUser>> {
        self.user.borrow().clone()
    }

    pub(crate) fn signed_in(&self, user: SignedInUser) {
        *self.user.borrow_mut() = Some(Rc::new(user));
        self.is_authorised.set(true);
    }

    pub(crate) const fn opened(&self) -> Instant {
        self.opened
    }

    pub(crate) const fn is_authorised(&self) -> bool {
        self.is_authorised.get()
    }

    /// The frames that wait to be written.
    #[must_use]
    pub const fn send_queue(&self) -> &SendQueue {
        &self.send_queue
    }

    /// Sends a frame to this socket, and closes it when the frame is required and the queue is full.
    pub fn send(&self, frame: &Frame, priority: Priority) -> EnqueueResult {
        let result = self.send_queue.push(frame, priority);
        if result == EnqueueResult::Full {
            self.close_as_too_slow();
        }
        self.send_queue.flush();
        result
    }

    /// Closes the socket because its client reads too slowly; the client reconnects and reads the log.
    pub(crate) fn close_as_too_slow(&self) {
        self.send_queue.clear();
        self.close(Code::OverCapacity, "the client reads too slowly (HUBBUB_MAX_QUEUED_FRAMES, _BYTES)");
    }

    /// Sends a text of the protocol to this socket alone.
    pub fn send_text(&self, text: &str) {
        // A socket that is full closes itself in `send`.
        let _ = self.send(&Frame::text(text), Priority::Required);
    }

    /// Sends `pusher:error` with the reason, and closes with the same code.
    pub fn refuse(&self, code: Code, message: &str) {
        self.send_text(&server_frame::error(code, message));
        self.close(code, message);
    }

    /// Closes with a code of the protocol.
    pub fn close(&self, code: Code, reason: &str) {
        self.close_with(code.number(), reason);
    }

    /// Closes with any code, such as RFC 6455's own. A second close changes nothing.
    pub fn close_with(&self, code: u16, reason: &str) {
        self.is_closing.set(true);
        self.send_queue.close(Frame::close(code, reason));
        self.send_queue.flush();
        self.closing.notify_one();
    }

    /// Whether a close frame was sent.
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    /// Completes when this side closes the socket. For one caller: the socket's reader. Cancel safe.
    pub async fn closing(&self) {
        if !self.is_closing() {
            self.closing.notified().await;
        }
    }

    /// Notes that the client has sent a frame, of any kind.
    pub fn heard(&self) {
        self.last_heard.set(Instant::now());
        self.is_pinged.set(false);
    }

    pub(crate) fn silent_since(&self) -> Instant {
        self.last_heard.get()
    }

    pub(crate) const fn is_pinged(&self) -> bool {
        self.is_pinged.get()
    }

    pub(crate) fn ping(&self, frames: &[Frame]) {
        self.is_pinged.set(true);
        for frame in frames {
            // A socket that is full closes itself in `send`.
            let _ = self.send(frame, Priority::Required);
        }
    }

    /// Whether the socket is in the channel.
    #[must_use]
    pub fn is_in(&self, channel: &ChannelName) -> bool {
        self.channels.borrow().contains(channel)
    }

    /// How many channels the socket is in.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.channels.borrow().len()
    }

    /// The key of one of its app's channels.
    #[must_use]
    pub fn key_of(&self, name: ChannelName) -> ChannelKey {
        ChannelKey { app: self.app, name }
    }

    pub(crate) fn joined(&self, channel: ChannelName) {
        if channel.kind().needs_authorisation() {
            self.is_authorised.set(true);
        }
        self.channels.borrow_mut().insert(channel);
    }

    pub(crate) fn left(&self, channel: &ChannelName) {
        let mut channels = self.channels.borrow_mut();
        channels.remove(channel);
        channels.shrink_if_sparse();
    }

    pub(crate) fn take_channels(&self) -> Vec<ChannelKey> {
        self.channels.take().into_iter().map(|name| self.key_of(name)).collect()
    }
}
