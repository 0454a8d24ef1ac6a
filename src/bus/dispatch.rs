//! The bus: turns stored events into messages for channels, and publishes them.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

use crate::domain::{
    DocumentId, EndedCredential, EventKind, ReadMark, RoomEvent, RoomId, RoomKind, Subject, Timestamp, UserId,
};
use crate::json::{EventPayload, RoomNoticePayload, RoomReadPayload, to_text};
use crate::pusher::{AppId, ChannelKey, SocketId};
use crate::timeline::Timeline;

use super::{Broker, BusMessage, ChatChannel, CredentialsEnded, DocumentSaved, Envelope, Revocation, RoomHead};

/// Publishes what happened in the chat to the channels of those whom it concerns.
#[derive(Clone)]
pub struct Bus {
    broker: Arc<dyn Broker>,
    /// The chat's own app on the socket server.
    app: AppId,
    /// Wakes the event streams of this process, which then read the log.
    rooms_changed: broadcast::Sender<RoomId>,
}

impl Bus {
    /// Changed rooms that wait for an event stream to look; a stream that lags behind reads all its rooms.
    const WAKE_CAPACITY: usize = 256;

    /// About 25 KB: a tenth of what the smallest bus takes.
    const CREDENTIALS_PER_MESSAGE: usize = 500;

    /// A bus over `broker`, for the chat whose app on the socket server is `app`.
    #[must_use]
    pub fn new(broker: Arc<dyn Broker>, app: AppId) -> Self {
        Self { broker, app, rooms_changed: broadcast::Sender::new(Self::WAKE_CAPACITY) }
    }

    /// Step 3: dispatches stored events to everybody whom they concern. Call it after the commit, never inside.
    pub fn dispatch<'a>(&self, events: impl IntoIterator<Item = &'a RoomEvent>) {
        for event in events {
            self.dispatch_one(event, None, None);
        }
    }

    /// The same for the event of a request that has a timeline: the broadcaster notes its times there, and the event
    /// carries the steps so far. The socket `except` does not get the event: its page has sent the request, and has the
    /// answer instead.
    pub fn dispatch_with_timeline(&self, event: &RoomEvent, timeline: &Arc<Timeline>, except: Option<SocketId>) {
        self.dispatch_one(event, Some(timeline), except);
    }

    /// Tells those who have a document open that a save changed it, except the socket whose page saved. The event carries
    /// the update when it fits into `max_bytes`, and so the state vector; without them a page requests what it lacks.
    pub fn dispatch_document_saved(&self, saved: &DocumentSaved<'_>, max_bytes: usize, except: Option<SocketId>) {
        let data = saved.json_within(max_bytes);
        let channel = self.channel(ChatChannel::Document(saved.document.id));
        self.publish_event(channel, "document.saved", data, except);
    }

    /// Takes a user's sockets out of the channel of a document that they may not write any more.
    pub fn revoke_document(&self, document: DocumentId, user_id: UserId) {
        self.revoke(ChatChannel::Document(document), user_id, Timestamp::now());
    }

    /// Dispatches that a room was deleted, to those who were members one by one as well, and takes their sockets out of its
    /// channels and those of its documents.
    pub fn dispatch_room_deleted(&self, event: &RoomEvent, members: &[UserId], documents: &[DocumentId]) {
        self.dispatch_one(event, None, None);
        let payload = EventPayload::from(event);
        for user_id in members {
            // A revocation may overtake the event on the room's channel.
            self.send_to_user(*user_id, payload.r#type, &payload);
            self.revoke_room(*user_id, event.room_id, Timestamp::now());
        }
        self.revoke_documents(documents, members);
    }

    /// Takes users' sockets out of the channels of documents that they may not write any more.
    pub fn revoke_documents(&self, documents: &[DocumentId], users: &[UserId]) {
        for document in documents {
            users.iter().for_each(|user| self.revoke_document(*document, *user));
        }
    }

    /// Tells a user's other devices how far the user has read.
    pub fn dispatch_room_read(&self, user_id: UserId, room_id: RoomId, mark: ReadMark) {
        let ReadMark { number, unread, message_count, last_seq } = mark;
        let payload = RoomReadPayload { room_id, read_number: number, unread, message_count, last_seq };
        self.send_to_user(user_id, "room.read", &payload);
    }

    /// Tells the sockets of a room the last `seq` of its log; clients that lack events read them there.
    pub fn remind(&self, head: RoomHead) {
        let channel = self.channel(ChatChannel::Room(head.room_id));
        self.publish(BusMessage::Event(head.envelope(channel)));
    }

    /// Revokes a removed member's right to a room's channels again: the first revocation may have been lost.
    pub fn remind_of_removal(&self, user_id: UserId, room_id: RoomId, removed_at: Timestamp) {
        self.revoke_room(user_id, room_id, removed_at);
    }

    /// Closes the sockets that these sessions and API tokens have let in. Call it after the commit that ended them, and
    /// again for a while with `is_reminder`.
    pub fn end_credentials(&self, ended: &[EndedCredential], is_reminder: bool) {
        for part in ended.chunks(Self::CREDENTIALS_PER_MESSAGE) {
            let ended = CredentialsEnded { app: self.app, ended: part.to_vec(), is_reminder };
            self.publish(BusMessage::EndCredentials(ended));
        }
    }

    /// Receives the id of each room that this process changes.
    #[must_use]
    pub fn watch_rooms(&self) -> broadcast::Receiver<RoomId> {
        self.rooms_changed.subscribe()
    }

    /// A removal from a room is also a revocation: without it the user's sockets would stay subscribed, for a broadcaster
    /// knows no memberships.
    fn dispatch_one(&self, event: &RoomEvent, timeline: Option<&Arc<Timeline>>, except: Option<SocketId>) {
        self.send_to_room(event, timeline, except);
        match (event.kind, &event.subject) {
            (EventKind::MemberJoined, Subject::Member(user)) => {
                self.send_to_user(user.id, "room.joined", &RoomNoticePayload { room_id: event.room_id });
            }
            (EventKind::MemberRemoved, Subject::Member(user)) => {
                self.revoke_room(user.id, event.room_id, Timestamp::now());
                self.send_to_user(user.id, "room.left", &RoomNoticePayload { room_id: event.room_id });
            }
            (_, Subject::Room(room)) if room.kind == RoomKind::Open => self.send_to_everybody(event),
            _ => {}
        }
        // Fails when no stream is open: nobody needs waking.
        let _ = self.rooms_changed.send(event.room_id);
    }

    fn send_to_room(&self, event: &RoomEvent, timeline: Option<&Arc<Timeline>>, except: Option<SocketId>) {
        let mut payload = EventPayload::from(event);
        payload.flow = timeline.map(|timeline| timeline.dispatched_steps());
        self.publish(BusMessage::Event(Envelope {
            channel: self.channel(ChatChannel::Room(event.room_id)),
            event: payload.r#type.to_owned(),
            data: to_text(&payload),
            except,
            head: Some(RoomHead { room_id: event.room_id, seq: event.seq }),
            timeline: timeline.cloned(),
        }));
    }

    /// Those who are no members see open rooms too.
    fn send_to_everybody(&self, event: &RoomEvent) {
        let payload = EventPayload::from(event);
        self.publish_event(self.channel(ChatChannel::OpenRooms), payload.r#type, to_text(&payload), None);
    }

    fn send_to_user(&self, user_id: UserId, event: &str, data: &impl Serialize) {
        self.publish_event(self.channel(ChatChannel::User(user_id)), event, to_text(data), None);
    }

    fn revoke_room(&self, user_id: UserId, room_id: RoomId, revoked_at: Timestamp) {
        for channel in [ChatChannel::Room(room_id), ChatChannel::RoomPresence(room_id)] {
            self.revoke(channel, user_id, revoked_at);
        }
    }

    fn revoke(&self, channel: ChatChannel, user_id: UserId, revoked_at: Timestamp) {
        let ChannelKey { app, name: channel } = self.channel(channel);
        self.publish(BusMessage::Revoke(Revocation { app, user_id, channel, revoked_at }));
    }

    /// Publishes an event that stands in no room's log.
    fn publish_event(&self, channel: ChannelKey, event: &str, data: String, except: Option<SocketId>) {
        let event = event.to_owned();
        self.publish(BusMessage::Event(Envelope { channel, event, data, except, head: None, timeline: None }));
    }

    fn publish(&self, message: BusMessage) {
        // The broker counts what it drops, and clients read it from the log.
        let _ = self.broker.publish(message);
    }

    fn channel(&self, channel: ChatChannel) -> ChannelKey {
        ChannelKey { app: self.app, name: channel.name() }
    }
}
