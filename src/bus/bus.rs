//! The bus: the one way from a handler to the broadcasters.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

use crate::domain::{DocumentId, RoomEvent, RoomEventKind, RoomId, Timestamp, UserId};
use crate::json::{EventPayload, RoomNoticePayload, RoomReadPayload};
use crate::pusher::{AppId, SocketId};

use crate::timeline::Timeline;

use super::{BusMessage, ChatChannel, DocumentSaved, Envelope, Revocation, RoomHead};

/// Carries messages to the broadcasters, wherever they are.
pub trait Broker: Send + Sync {
    /// Hands a message over. Never waits.
    ///
    /// # Errors
    /// [`BusFull`] when the message cannot be carried. An event of a room is made good from its log, so that its caller
    /// need not care.
    fn publish(&self, message: BusMessage) -> Result<(), BusFull>;

    /// Hands several events over, all of them or none. Never waits.
    ///
    /// # Errors
    /// [`BusFull`] when there is no room for all.
    fn publish_all(&self, events: Vec<Envelope>) -> Result<(), BusFull>;

    /// How it does.
    fn state(&self) -> BusState;
}

/// How a bus does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusState {
    /// Whether what is handed over reaches the others at the moment.
    pub is_connected: bool,
    /// Events and orders that wait.
    pub waiting: usize,
    /// Events dropped since the start.
    pub dropped_events: u64,
    /// Messages that left for other processes.
    pub sent: u64,
    /// Messages that came from other processes.
    pub received: u64,
    /// Messages of other processes that this version does not understand.
    pub not_understood: u64,
    /// Times that something may have been missed.
    pub gaps: u64,
    /// Rooms whose head was asked for after a gap.
    pub repairs: u64,
    /// Nodes with sockets that are known, this one included.
    pub nodes: usize,
}

/// A bus within one process is always there.
impl Default for BusState {
    fn default() -> Self {
        Self {
            is_connected: true,
            waiting: 0,
            dropped_events: 0,
            sent: 0,
            received: 0,
            not_understood: 0,
            gaps: 0,
            repairs: 0,
            nodes: 1,
        }
    }
}

/// The bus had no room for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bus is full")]
pub struct BusFull;

/// Turns what happened into messages for channels, and hands them to the broker.
#[derive(Clone)]
pub struct Bus {
    broker: Arc<dyn Broker>,
    /// The chat's own app on the socket server.
    app: AppId,
    /// Wakes the event streams of this process: they read the log, and this tells them when.
    rooms_changed: broadcast::Sender<RoomId>,
}

impl Bus {
    /// Rooms that may have changed before an event stream looks; one that lags behind reads all its rooms.
    const WAKE_CAPACITY: usize = 256;

    /// A bus over `broker`, for the chat whose app on the socket server is `app`.
    #[must_use]
    pub fn new(broker: Arc<dyn Broker>, app: AppId) -> Self {
        Self { broker, app, rooms_changed: broadcast::Sender::new(Self::WAKE_CAPACITY) }
    }

    /// Step 3: dispatches a stored event to everyone whom it concerns. Call it after the commit, never inside.
    ///
    /// A removal from a room is also an order to the broadcasters: without it the person's sockets would stay
    /// subscribed, for a broadcaster knows no memberships.
    ///
    /// The socket `except` gets nothing: its page has sent the request, and learns of the event from the answer.
    pub fn dispatch(&self, event: &RoomEvent, timeline: &Arc<Timeline>, except: Option<SocketId>) {
        self.send_to_room(event, timeline, except);
        match &event.kind {
            RoomEventKind::MemberJoined(user) => self.send_room_joined(user.id, event.room_id),
            RoomEventKind::MemberRemoved(user) => self.send_room_left(user.id, event.room_id),
            RoomEventKind::RoomCreated(_)
            | RoomEventKind::RoomChanged(_)
            | RoomEventKind::MessagePosted(_)
            | RoomEventKind::MessageEdited(_)
            | RoomEventKind::MessageDeleted(_)
            | RoomEventKind::DocumentCreated(_)
            | RoomEventKind::DocumentChanged(_) => {}
        }
        // No stream is open: nobody needs waking.
        let _ = self.rooms_changed.send(event.room_id);
    }

    /// Tells those who have a document open that a save changed it, but for the socket whose page saved. The update goes along
    /// when it fits into `max_bytes`, and so does the state vector: without them a page asks for what it lacks.
    pub fn dispatch_document_saved(&self, saved: &DocumentSaved<'_>, max_bytes: usize, except: Option<SocketId>) {
        let data = saved.json_within(max_bytes);
        self.publish(BusMessage::Event(Envelope {
            app: self.app,
            channel: ChatChannel::Document(saved.document.id).to_string(),
            event: "document.saved".to_owned(),
            data,
            except: except.map(|id| id.to_string()),
            head: None,
            timeline: None,
        }));
    }

    /// Takes a person's sockets out of a document that they may not write any more.
    pub fn revoke_document(&self, document: DocumentId, user_id: UserId) {
        let channel = ChatChannel::Document(document).to_string();
        let revoked_at = Timestamp::now();
        self.publish(BusMessage::Revoke(Revocation { app: self.app, user_id, channel, revoked_at }));
    }

    /// Tells a person's other devices how far they have read.
    pub fn dispatch_room_read(&self, user_id: UserId, room_id: RoomId, read_number: i64) {
        self.send_to_user(user_id, "room.read", &RoomReadPayload { room_id, read_number });
    }

    /// Tells the sockets of a room how far its log reaches: whoever has missed something reads it there.
    pub fn remind(&self, head: RoomHead) {
        let channel = ChatChannel::Room(head.room_id).to_string();
        self.publish(BusMessage::Event(head.envelope(self.app, channel)));
    }

    /// Takes somebody out of a room's channels once more: the first order may have been lost.
    pub fn remind_of_removal(&self, user_id: UserId, room_id: RoomId, removed_at: Timestamp) {
        self.revoke(user_id, room_id, removed_at);
    }

    /// Wakes its holder whenever a room of this process changes.
    #[must_use]
    pub fn watch_rooms(&self) -> broadcast::Receiver<RoomId> {
        self.rooms_changed.subscribe()
    }

    fn send_to_room(&self, event: &RoomEvent, timeline: &Arc<Timeline>, except: Option<SocketId>) {
        let mut payload = EventPayload::from(event);
        if let RoomEventKind::MessagePosted(_) = &event.kind {
            payload.flow = Some(timeline.dispatched_steps());
        }
        self.publish(BusMessage::Event(Envelope {
            app: self.app,
            channel: ChatChannel::Room(event.room_id).to_string(),
            event: payload.r#type.to_owned(),
            data: json(&payload),
            except: except.map(|id| id.to_string()),
            head: Some(RoomHead { room_id: event.room_id, seq: event.seq }),
            timeline: Some(Arc::clone(timeline)),
        }));
    }

    fn send_room_joined(&self, user_id: UserId, room_id: RoomId) {
        self.send_to_user(user_id, "room.joined", &RoomNoticePayload { room_id });
    }

    fn send_room_left(&self, user_id: UserId, room_id: RoomId) {
        self.revoke(user_id, room_id, Timestamp::now());
        self.send_to_user(user_id, "room.left", &RoomNoticePayload { room_id });
    }

    fn revoke(&self, user_id: UserId, room_id: RoomId, revoked_at: Timestamp) {
        for channel in [ChatChannel::Room(room_id), ChatChannel::RoomPresence(room_id)] {
            let channel = channel.to_string();
            self.publish(BusMessage::Revoke(Revocation { app: self.app, user_id, channel, revoked_at }));
        }
    }

    /// What the bus drops is counted there, and clients read it from the log.
    fn publish(&self, message: BusMessage) {
        let _ = self.broker.publish(message);
    }

    fn send_to_user(&self, user_id: UserId, event: &str, data: &impl Serialize) {
        self.publish(BusMessage::Event(Envelope {
            app: self.app,
            channel: ChatChannel::User(user_id).to_string(),
            event: event.to_owned(),
            data: json(data),
            except: None,
            head: None,
            timeline: None,
        }));
    }
}

/// The types here have string keys and no fallible serialisers, so there is nothing that can fail.
#[expect(clippy::expect_used, reason = "states the invariant above")]
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("event payloads are serialisable")
}
