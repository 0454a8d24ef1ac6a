//! What the broadcaster and the hubs say to each other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::bus::{Query, QueryResult};
use crate::pusher::{PresenceMember, SignedInUser, SocketId};
use crate::timeline::Timeline;

use super::webhook_event::WebhookTrigger;
use crate::broadcast::{ChannelKey, Frame, Priority};

/// Which worker's hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct HubId(pub(crate) usize);

/// What is asked of the broadcaster. The queue is bounded, and whoever asks waits when it is full.
#[derive(Debug)]
pub(crate) enum Command {
    /// A socket wants to join a channel; its right to it was verified.
    Subscribe(Subscribe),
    /// A socket is somebody; the application's signature was verified.
    SignIn(SignIn),
    /// A client sends to the others of a channel; a webhook may want to hear of it.
    ClientEvent(Delivery, Option<WebhookTrigger>),
    /// The HTTP API asks.
    Ask(Query, oneshot::Sender<QueryResult>),
}

/// A socket that wants to join a channel.
#[derive(Debug)]
pub(crate) struct Subscribe {
    pub(crate) hub: HubId,
    pub(crate) socket: SocketId,
    pub(crate) channel: ChannelKey,
    /// Whom the application signed the right for.
    pub(crate) member: Option<PresenceMember>,
    /// The socket is in the channel already, and asks again: it gets its answer and counts once.
    pub(crate) is_repeated: bool,
    /// Told when the hub has written the answer.
    pub(crate) answered: oneshot::Sender<()>,
}

/// A socket that is somebody from now on.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) hub: HubId,
    pub(crate) socket: SocketId,
    /// The user's own channel: being signed in is being in it.
    pub(crate) channel: ChannelKey,
    pub(crate) user: SignedInUser,
    /// `signin_success`.
    pub(crate) frame: Frame,
    /// Told when the hub has written the answer.
    pub(crate) answered: oneshot::Sender<()>,
}

/// What must reach the broadcaster whatever waits. The queue has no bound: each stands for something that exists once,
/// a hub or a subscription, and the broadcaster may be waiting for the very hub that reports.
#[derive(Debug)]
pub(crate) enum Order {
    /// A worker started.
    HubStarted(HubId, mpsc::Sender<HubMessage>),
    /// A socket has left a channel.
    Left(Departure),
    /// A socket is no longer in a channel because its connection has ended.
    Lost(Departure),
    /// Close all sockets, spread over this time, with the code that lets clients come back at once, and take no more in.
    CloseSockets(Duration),
}

/// A socket that is no longer in a channel.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) hub: HubId,
    pub(crate) channel: ChannelKey,
    pub(crate) user_id: Option<Arc<str>>,
}

/// Where a hub finds what it is told.
pub(crate) type HubMailbox = mpsc::Receiver<HubMessage>;

/// What the broadcaster tells a hub, in this order for each channel: first that a socket joined, then what it gets.
#[derive(Debug)]
pub(crate) enum HubMessage {
    /// A socket is in the channel from here on.
    Joined(Joined),
    /// A socket may not join; the frame says why.
    Refused(SocketId, Frame, oneshot::Sender<()>),
    /// A frame for the sockets of a channel.
    Deliver(Delivery),
    /// A user's sockets leave a channel; the frame tells them.
    Revoke(ChannelKey, Arc<str>, Frame),
    /// The sockets of a channel are closed: their user is no longer complete_subscription.
    Terminate(ChannelKey),
    /// Close all sockets, spread over this time.
    CloseSockets(Duration, AfterClose),
}

/// What a hub does when its sockets are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterClose {
    /// It takes no more in.
    RefuseNew,
    /// It takes in whoever comes.
    AcceptNew,
}

/// A socket that is in a channel from here on.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) socket: SocketId,
    pub(crate) channel: ChannelKey,
    pub(crate) user_id: Option<Arc<str>>,
    /// As in [`Subscribe`].
    pub(crate) is_repeated: bool,
    /// The answer, and what else the socket gets before anything of the channel.
    pub(crate) frames: Vec<Frame>,
    pub(crate) answered: oneshot::Sender<()>,
}

/// A frame for the sockets of a channel.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) channel: ChannelKey,
    pub(crate) frame: Frame,
    /// The socket that must not get it.
    pub(crate) except: Option<SocketId>,
    pub(crate) priority: Priority,
    /// Where to note how many sockets it was written to.
    pub(crate) timeline: Option<Arc<Timeline>>,
}
