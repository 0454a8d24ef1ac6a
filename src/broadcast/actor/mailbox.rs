//! The messages between the broadcaster and the hubs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::bus::{BusInput, BusMessage, ClusterEvent, Envelope, Query, QueryResult, Revocation, Termination};
use crate::pusher::{Code, PresenceMember, SignedInUser, SocketId};
use crate::timeline::Timeline;

use super::webhook_event::WebhookTrigger;
use crate::broadcast::{ChannelKey, Frame, Priority};

/// A hub, by the number of its worker thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct HubId(pub(crate) usize);

/// Everything that the broadcaster receives, from its four sources.
#[derive(Debug)]
pub(crate) enum Input {
    // From the bus.
    /// An event for the sockets of a channel.
    Publish(Envelope),
    /// A user lost the right to a channel.
    Revoke(Revocation),
    /// A user's connections are to be closed.
    Terminate(Termination),
    /// A message of another node, or what happened to one.
    Cluster(ClusterEvent),

    // From sockets and the HTTP API: a bounded queue. The sender waits when it is full.
    /// A socket subscribes to a channel; its authorisation was verified.
    Subscribe(Subscribe),
    /// A socket signs in as a user (`pusher:signin`); the application's signature was verified.
    SignIn(SignIn),
    /// A client sends an event to the others of a channel; a webhook may be told of it.
    ClientEvent(Delivery, Option<WebhookTrigger>),
    /// The HTTP API asks about channels.
    Query(Query, oneshot::Sender<QueryResult>),

    // From hubs: a queue without a bound. Each entry stands for something that exists once, a hub or a subscription, and
    // the broadcaster may be waiting for the very hub that sends it.
    /// A worker thread started its hub.
    HubStarted(HubId, mpsc::Sender<HubMessage>),
    /// A socket has unsubscribed from a channel.
    Left(Departure),
    /// A socket has left a channel because its connection ended.
    Disconnected(Departure),
    /// Close all sockets with this code, spread over this time.
    CloseSockets(Duration, Code),

    // From the clock.
    /// The grace period of a socket is over whose connection ended at this time.
    GraceEnded(Departure, Instant),
    /// Counts of large channels, digests for other nodes and the end of cached events may be due.
    Tick,
}

impl From<BusInput> for Input {
    fn from(input: BusInput) -> Self {
        match input {
            BusInput::Message(BusMessage::Event(envelope)) => Self::Publish(envelope),
            BusInput::Message(BusMessage::Revoke(revocation)) => Self::Revoke(revocation),
            BusInput::Message(BusMessage::Terminate(termination)) => Self::Terminate(termination),
            BusInput::Cluster(event) => Self::Cluster(event),
        }
    }
}

/// A socket subscribes to a channel.
#[derive(Debug)]
pub(crate) struct Subscribe {
    pub(crate) hub: HubId,
    pub(crate) socket: SocketId,
    pub(crate) channel: ChannelKey,
    /// The member that the application signed the authorisation for.
    pub(crate) member: Option<PresenceMember>,
    /// The socket is subscribed already: it gets the answer again and counts once.
    pub(crate) is_repeated: bool,
    /// Signalled when the hub has written the answer.
    pub(crate) written: oneshot::Sender<()>,
}

/// A socket signs in as a user.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) hub: HubId,
    pub(crate) socket: SocketId,
    /// The user's own channel, `#server-to-user-ID`: a signed-in socket is subscribed to it.
    pub(crate) channel: ChannelKey,
    pub(crate) user: SignedInUser,
    /// `signin_success`.
    pub(crate) frame: Frame,
    /// Signalled when the hub has written the answer.
    pub(crate) written: oneshot::Sender<()>,
}

/// A socket that has left a channel.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) hub: HubId,
    pub(crate) channel: ChannelKey,
    pub(crate) user_id: Option<Arc<str>>,
}

/// The queue of a hub.
pub(crate) type HubMailbox = mpsc::Receiver<HubMessage>;

/// What the broadcaster sends a hub. For each channel the order holds: first that a socket has joined, then its frames.
#[derive(Debug)]
pub(crate) enum HubMessage {
    /// A socket has joined a channel.
    Joined(Joined),
    /// A subscription is refused; the frame says why.
    Refused(SocketId, Frame, oneshot::Sender<()>),
    /// A frame for the sockets of a channel.
    Deliver(Delivery),
    /// A user's sockets are taken out of a channel; the frame tells them.
    Revoke(ChannelKey, Arc<str>, Frame),
    /// The sockets of a channel are closed: the application has terminated their user's connections.
    Terminate(ChannelKey),
    /// Close all sockets with this code, spread over this time.
    CloseSockets(Duration, Code),
}

/// A socket has joined a channel.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) socket: SocketId,
    pub(crate) channel: ChannelKey,
    pub(crate) user_id: Option<Arc<str>>,
    /// As in [`Subscribe`].
    pub(crate) is_repeated: bool,
    /// The answer, and what else the socket gets before the channel's events.
    pub(crate) frames: Vec<Frame>,
    pub(crate) written: oneshot::Sender<()>,
}

/// A frame for the sockets of a channel.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) channel: ChannelKey,
    pub(crate) frame: Frame,
    /// The socket that does not get it: the publisher's own.
    pub(crate) except: Option<SocketId>,
    pub(crate) priority: Priority,
    /// Where to note how many sockets it was written to, and when.
    pub(crate) timeline: Option<Arc<Timeline>>,
}
