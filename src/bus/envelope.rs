//! The messages of the bus: an event for a channel, or a control message to the broadcasters. Of a room whose event was
//! dropped, the last number is kept and sent later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use utoipa::ToSchema;

use crate::domain::{EndedCredential, RoomId, Seq, Timestamp, UserId};
use crate::pusher::{AppId, ChannelKey, ChannelName, SocketId, server_frame};
use crate::timeline::Timeline;

/// One message for the broadcasters. A broadcaster receives each message for a channel that it has sockets of.
#[derive(Debug, Clone)]
pub enum BusMessage {
    /// An event for the sockets of a channel.
    Event(Envelope),
    /// A user lost the right to a channel.
    Revoke(Revocation),
    /// A user's connections are to be closed.
    Terminate(Termination),
    /// Sessions or API tokens have ended.
    EndCredentials(CredentialsEnded),
}

/// An event for the sockets of one channel.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The channel.
    pub channel: ChannelKey,
    /// The event's name.
    pub event: String,
    /// The event's data as the publisher wrote it: a text, by convention JSON. Never re-encoded, only quoted.
    pub data: String,
    /// The socket that does not get it: the publisher's own.
    pub except: Option<SocketId>,
    /// The event's place in a room's log. When the event is dropped, this head is sent later, and clients read the log.
    pub head: Option<RoomHead>,
    /// Where the broadcaster notes when it took the event up and when it was written.
    pub timeline: Option<Arc<Timeline>>,
}

impl Envelope {
    /// The text of the event's frame. It is serialised once for all sockets of all nodes.
    #[must_use]
    pub fn frame(&self) -> String {
        server_frame::channel_event(&self.event, self.channel.name.as_str(), &self.data)
    }
}

/// The head of a room's log: its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomHead {
    /// The room.
    pub room_id: RoomId,
    /// The number of its last event.
    pub seq: Seq,
}

impl RoomHead {
    /// The event `room.head`, which tells clients the last `seq` that they should have: `{"room_id":1,"seq":41}`.
    #[must_use]
    pub fn envelope(self, channel: ChannelKey) -> Envelope {
        Envelope {
            channel,
            event: "room.head".to_owned(),
            data: format!(r#"{{"room_id":{},"seq":{}}}"#, self.room_id, self.seq),
            except: None,
            head: Some(self),
            timeline: None,
        }
    }
}

/// The channels of rooms whose event was dropped, with the last event of each. Their clients are sent the last `seq` of the
/// log, and read it.
#[derive(Default)]
pub(super) struct MissedHeads {
    heads: Mutex<HashMap<ChannelKey, RoomHead>>,
    /// Lets the receiver skip the lock while nothing was dropped.
    any: AtomicBool,
    /// Wakes a receiver that emptied its queue just before a head was noted.
    added: Notify,
    dropped: AtomicU64,
}

impl MissedHeads {
    /// Notes that an event was dropped.
    pub(super) fn note(&self, envelope: Envelope) {
        self.note_head(envelope.channel, envelope.head);
    }

    /// The same, for an event that is encoded already.
    pub(super) fn note_head(&self, channel: ChannelKey, head: Option<RoomHead>) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        let Some(head) = head else { return };
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let last = heads.entry(channel).or_insert(head);
        last.seq = last.seq.max(head.seq);
        self.any.store(true, Ordering::Release);
        self.added.notify_one();
    }

    /// Takes the head of one of the rooms, as the event `room.head`.
    pub(super) fn take_one(&self) -> Option<Envelope> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = heads.keys().next().cloned();
        let taken = channel.and_then(|channel| heads.remove_entry(&channel));
        self.any.store(!heads.is_empty(), Ordering::Release);
        taken.map(|(channel, head)| head.envelope(channel))
    }

    /// Completes when a head was added. Cancel safe.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }

    /// Events dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Takes a user's sockets out of a channel, and refuses authorisations that were issued before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revocation {
    /// The app whose channel it is.
    #[schema(ignore)]
    pub app: AppId,
    /// The user whose sockets.
    pub user_id: UserId,
    /// The channel that they leave.
    #[schema(value_type = String, pattern = "^(#server-to-user-)?[A-Za-z0-9_=@,.;-]+$", max_length = 200)]
    pub channel: ChannelName,
    /// Authorisations issued at this time or earlier are void. Over a bus, in microseconds since 1970 UTC.
    #[serde(with = "micros")]
    #[schema(value_type = i64)]
    pub revoked_at: Timestamp,
}

/// Closes the sockets that are signed in as a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Termination {
    /// The app whose user it is.
    pub app: AppId,
    /// The user's id, as the app signed it.
    pub user_id: String,
}

/// Closes the sockets that were let in by sessions or API tokens which have ended, and refuses authorisations that were
/// issued through them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialsEnded {
    /// The chat's own app.
    #[schema(ignore)]
    pub app: AppId,
    /// What has ended.
    pub ended: Vec<EndedCredential>,
    /// Whether this was said before: it is said again for a while, for the first message may have been lost.
    pub is_reminder: bool,
}

/// A time to the microsecond: a revocation is compared with authorisations, and their text form has no room for less than
/// a millisecond.
mod micros {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::domain::{Timestamp, WholeNumber};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        at.0.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        WholeNumber::deserialize(deserializer).map(|WholeNumber(micros)| Timestamp(micros))
    }
}
