//! What broadcasters of several processes say to each other, and how a broadcaster reaches the others without knowing
//! what carries it.
//!
//! Each node owns what its own sockets make true: their number, and who is present through them. It tells the others
//! what changes, and each of them adds up for itself; nothing is stored, and nobody leads.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::pusher::{ChannelKey, PresenceMember};

use super::{NodeId, Query, QueryResult};
use crate::bus::{Revocation, RoomHead, Termination};

/// What nodes say to each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterMessage {
    /// An event for the sockets of a channel, as they get it.
    Event(EncodedFrame),
    /// A client's event, likewise. Worth nothing when it is late.
    ClientEvent(EncodedFrame),
    /// Somebody lost the right to a channel.
    Revoke(Revocation),
    /// Somebody is to be disconnected.
    Terminate(Termination),
    /// The sender's part of a channel has changed.
    #[serde(rename = "changed")]
    Delta(ChannelDelta),
    /// How far the sender's part of a channel has come: whoever knows another number has missed something.
    Digest(Digest),
    /// The receiver should say what its part of a channel is.
    #[serde(rename = "ask")]
    RequestShare(ChannelKey),
    /// The parts of a channel.
    #[serde(rename = "held")]
    Snapshot(Box<ChannelSnapshot>),
    /// The sender has heard nothing for a while: whoever holds channels should send digests of them.
    #[serde(rename = "hello")]
    RequestDigests,
}

/// A frame that needs no more work: a receiver never serialises it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EncodedFrame {
    /// Whose sockets get it.
    pub channel: ChannelKey,
    /// The socket that does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub except: Option<String>,
    /// Where it stands in a room's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<RoomHead>,
    /// The text.
    pub frame: Box<RawValue>,
}

/// A change of a node's part of a channel. Each of a node's changes has a stamp of its own, rising.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelDelta {
    /// The channel.
    pub channel: ChannelKey,
    /// The stamp of the change before this one; 0 when the node had no part in the channel.
    pub before: u64,
    /// The change's own stamp.
    pub stamp: u64,
    /// Who has come to this node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<PresenceMember>,
    /// Who has left it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// The sockets that this node has in the channel from here on.
    pub sockets: usize,
}

/// The stamp of the last change of a node's part of a channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Digest {
    /// The channel.
    pub channel: ChannelKey,
    /// The stamp.
    pub stamp: u64,
}

/// One node's whole part of a channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeShare {
    /// Whose part it is.
    pub owner: NodeId,
    /// The stamp of its last change.
    pub stamp: u64,
    /// Its sockets.
    pub sockets: usize,
    /// Who is present through them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<PresenceMember>,
}

/// What a node knows of a channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelSnapshot {
    /// The channel.
    pub channel: ChannelKey,
    /// The parts that it knows of: its own, and those of others when it was asked for all.
    pub parts: Vec<NodeShare>,
    /// A cache channel's last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<CachedEvent>,
}

/// A cache channel's last event, with its age.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CachedEvent {
    /// As it was sent.
    pub frame: Box<RawValue>,
    /// Its data alone.
    pub data: String,
    /// How long it will be kept.
    pub left: Duration,
}

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// The nodes that listen to a channel.
    Channel(ChannelKey),
    /// One node.
    Node(NodeId),
    /// All nodes.
    All,
}

/// What a broadcaster hears of the others.
#[derive(Debug)]
pub enum ClusterEvent {
    /// A message of another node.
    Message(NodeId, ClusterMessage),
    /// The answer to [`Cluster::request_snapshot`]; `None` when no node has the channel, or none answered in time.
    Snapshot(ChannelKey, Option<Box<ChannelSnapshot>>),
    /// Another node asks for all that is known here of a channel, about all nodes.
    SnapshotRequest(ChannelKey, oneshot::Sender<ChannelSnapshot>),
    /// Another node asks on behalf of its HTTP API.
    Query(Query, oneshot::Sender<QueryResult>),
    /// A node is lost, and its sockets with it.
    NodeLost(NodeId),
    /// The other nodes are heard again after a time in which messages may have been lost.
    Reconnected,
    /// No other node was heard for so long that clients should connect to another server
    /// (`HUBBUB_BUS_OUTAGE_SECS`).
    Isolated,
}

/// An answer that comes later.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The broadcasters of other processes. Nothing here waits, but for the future that is answered.
pub trait Cluster: Send + Sync {
    /// Whether there may be any.
    fn has_others(&self) -> bool;

    /// The name of this process among them.
    fn this_node(&self) -> NodeId;

    /// This process wants to hear what concerns a channel.
    fn subscribe(&self, channel: &ChannelKey);

    /// The same, and it answers those who look for the channel.
    fn serve_snapshots(&self, channel: &ChannelKey);

    /// It does not want to any more.
    fn unsubscribe(&self, channel: &ChannelKey);

    /// Tells them something. It may get lost.
    fn send(&self, recipient: Recipient, message: ClusterMessage);

    /// Asks those who hold a channel what they know of it: exactly one [`ClusterEvent::Snapshot`] follows.
    fn request_snapshot(&self, channel: &ChannelKey);

    /// Has a node watched that somebody spoke of: if it is not heard, it is gone.
    fn watch_node(&self, node: NodeId);

    /// Asks all of them; those who do not answer in time are left out, and the answer says so.
    fn query(&self, question: Query) -> BoxFuture<QueryResult>;
}

/// A process by itself.
#[derive(Debug, Clone, Copy)]
pub struct SingleNode(NodeId);

impl Default for SingleNode {
    fn default() -> Self {
        Self(NodeId::random())
    }
}

impl Cluster for SingleNode {
    fn has_others(&self) -> bool {
        false
    }

    fn this_node(&self) -> NodeId {
        self.0
    }

    fn subscribe(&self, _: &ChannelKey) {}

    fn serve_snapshots(&self, _: &ChannelKey) {}

    fn unsubscribe(&self, _: &ChannelKey) {}

    fn send(&self, _: Recipient, _: ClusterMessage) {}

    fn request_snapshot(&self, _: &ChannelKey) {}

    fn watch_node(&self, _: NodeId) {}

    fn query(&self, _: Query) -> BoxFuture<QueryResult> {
        let nothing: Ready<QueryResult> = ready(QueryResult::default());
        Box::pin(nothing)
    }
}
