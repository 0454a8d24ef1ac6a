//! The messages between the broadcasters of several processes, and the trait by which a broadcaster sends them.
//!
//! Each node owns its share of a channel: its own sockets, and the members who are present through them. It sends the
//! others each change of its share (a delta), and each node adds the shares up for itself. Nothing is stored and there is
//! no leader.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::pusher::{ChannelKey, PresenceMember, SocketId};

use super::{NodeId, Query, QueryResult};
use crate::bus::{CredentialsEnded, Revocation, RoomHead, Termination};

/// A message between nodes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterMessage {
    /// An event for the sockets of a channel, as the frame's text.
    Event(EncodedFrame),
    /// A client event, likewise. It is dropped when it is late.
    ClientEvent(EncodedFrame),
    /// A user lost the right to a channel.
    Revoke(Revocation),
    /// A user's connections are to be closed.
    Terminate(Termination),
    /// Sessions or API tokens of the chat have ended.
    EndCredentials(CredentialsEnded),
    /// The sender's share of a channel has changed.
    #[serde(rename = "changed")]
    Delta(ChannelDelta),
    /// The stamp of the sender's share of a channel. A receiver that knows another stamp has missed a delta.
    Digest(Digest),
    /// The receiver is to send its share of a channel.
    #[serde(rename = "ask")]
    RequestShare(ChannelKey),
    /// Shares of a channel.
    #[serde(rename = "held")]
    Snapshot(Box<ChannelSnapshot>),
    /// The sender may have missed messages: the receiver is to send digests of its channels.
    #[serde(rename = "hello")]
    RequestDigests,
}

/// An event as the text of its frame: receivers do not serialise it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EncodedFrame {
    /// The channel whose sockets get it.
    pub channel: ChannelKey,
    /// The socket that does not get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub except: Option<SocketId>,
    /// The event's place in a room's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<RoomHead>,
    /// The text of the frame.
    pub frame: Box<RawValue>,
}

/// A change of a node's share of a channel. The stamps of a node's deltas rise.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelDelta {
    /// The channel.
    pub channel: ChannelKey,
    /// The stamp of the delta before this one; 0 when the node had no share of the channel.
    pub before: u64,
    /// The delta's own stamp.
    pub stamp: u64,
    /// Members whose first socket on this node has joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<PresenceMember>,
    /// User ids of members whose last socket on this node has left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// The sockets that this node has in the channel now.
    pub sockets: usize,
}

/// The stamp of the last delta of a node's share of a channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Digest {
    /// The channel.
    pub channel: ChannelKey,
    /// The stamp.
    pub stamp: u64,
}

/// One node's share of a channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeShare {
    /// The node.
    pub owner: NodeId,
    /// The stamp of its last delta.
    pub stamp: u64,
    /// Its sockets in the channel.
    pub sockets: usize,
    /// The members who are present through them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<PresenceMember>,
}

/// What one node knows of a channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelSnapshot {
    /// The channel.
    pub channel: ChannelKey,
    /// Its own share, and those of other nodes when the whole channel was asked for.
    pub parts: Vec<NodeShare>,
    /// A cache channel's last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<CachedEvent>,
}

/// A cache channel's last event, with the time that it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CachedEvent {
    /// The text of its frame.
    pub frame: Box<RawValue>,
    /// Its data.
    pub data: String,
    /// How long it is still kept.
    pub left: Duration,
}

/// The nodes that receive a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// The nodes that subscribe to a channel.
    Channel(ChannelKey),
    /// One node.
    Node(NodeId),
    /// All nodes.
    All,
}

/// What a broadcaster receives from the cluster.
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

/// A future that borrows nothing and may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The broadcasters of other processes. No method waits; [`Cluster::query`] returns a future.
pub trait Cluster: Send + Sync {
    /// Whether there may be other nodes.
    fn has_others(&self) -> bool;

    /// The id of this node.
    fn this_node(&self) -> NodeId;

    /// Subscribes this node to a channel's messages.
    fn subscribe(&self, channel: &ChannelKey);

    /// The same, and answers nodes that request a snapshot of the channel.
    fn serve_snapshots(&self, channel: &ChannelKey);

    /// Unsubscribes this node from a channel, after a while.
    fn unsubscribe(&self, channel: &ChannelKey);

    /// Sends a message. It may get lost.
    fn send(&self, recipient: Recipient, message: ClusterMessage);

    /// Requests a snapshot of a channel from one of the nodes that have it. Exactly one [`ClusterEvent::Snapshot`] follows.
    fn request_snapshot(&self, channel: &ChannelKey);

    /// Watches a node that another has named: without a heartbeat it will be reported as lost.
    fn watch_node(&self, node: NodeId);

    /// Asks all other nodes. The result says when one of them has not answered in time.
    fn query(&self, query: Query) -> BoxFuture<QueryResult>;
}

/// A process without other nodes.
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
