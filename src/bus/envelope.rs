//! What travels over the bus: an event addressed to a channel, or an order to the broadcasters.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{RoomId, Seq, Timestamp, UserId};
use crate::pusher::{AppId, server_frame};

use super::ClusterEvent;
use crate::timeline::Timeline;

/// One message for the bus. Every broadcaster hears every message that concerns a channel it holds.
#[derive(Debug, Clone)]
pub enum BusMessage {
    /// An event for the sockets of a channel.
    Event(Envelope),
    /// Somebody lost the right to a channel.
    Revoke(Revocation),
    /// Somebody is to be disconnected.
    Terminate(Termination),
}

/// What a broadcaster hears.
#[derive(Debug)]
pub enum BusInput {
    /// A message of this process.
    Message(BusMessage),
    /// A message of another node, or what happened to one.
    Cluster(ClusterEvent),
}

/// An event for the sockets of one channel.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The app whose channel it is.
    pub app: AppId,
    /// The channel's name.
    pub channel: String,
    /// The event's name.
    pub event: String,
    /// The event's data as the publisher wrote it: a text, by convention JSON. Never re-encoded, only quoted.
    pub data: String,
    /// The socket id that must not get it: the publisher's own.
    pub except: Option<String>,
    /// Where the event stands in a room's log; lets a dropped event be made good by naming the head later.
    pub head: Option<RoomHead>,
    /// Where the broadcaster notes what it did and when.
    pub timeline: Option<Arc<Timeline>>,
}

impl Envelope {
    /// The event as sockets get it: written once, wherever they are.
    #[must_use]
    pub fn frame(&self) -> String {
        server_frame::channel_event(&self.event, &self.channel, &self.data)
    }
}

/// How far a room's log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomHead {
    /// The room.
    pub room_id: RoomId,
    /// The last event known.
    pub seq: Seq,
}

impl RoomHead {
    /// The event `room.head` that tells a channel's clients what they should have seen.
    #[must_use]
    pub fn envelope(self, app: AppId, channel: String) -> Envelope {
        Envelope {
            app,
            channel,
            event: "room.head".to_owned(),
            data: format!(r#"{{"room_id":{},"seq":{}}}"#, self.room_id, self.seq),
            except: None,
            head: Some(self),
            timeline: None,
        }
    }
}

/// An order to take a user's sockets out of a channel, and to refuse authorisations issued until now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The app whose channel it is.
    pub app: AppId,
    /// Whose sockets.
    pub user_id: UserId,
    /// Out of which channel.
    pub channel: String,
    /// Authorisations issued at this time or earlier are void. Over a bus, in microseconds since 1970 UTC.
    #[serde(with = "micros")]
    pub revoked_at: Timestamp,
}

/// An order to close the sockets that are signed in as a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Termination {
    /// The app whose user it is.
    pub app: AppId,
    /// The user's id, as the app signed it.
    pub user_id: String,
}

/// A time to the microsecond: a revocation is compared with authorisations, and their text form has no room for less than
/// a millisecond.
mod micros {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::domain::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        at.0.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp)
    }
}
