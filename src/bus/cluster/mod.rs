//! Several processes with sockets: nodes, the messages between them, and queries to all of them.

mod cluster;
mod node;
mod query;

pub use cluster::{
    BoxFuture, CachedEvent, ChannelDelta, ChannelSnapshot, Cluster, ClusterEvent, ClusterMessage, Digest, EncodedFrame,
    NodeShare, Recipient, SingleNode,
};
pub use node::{InvalidNodeId, NodeId};
pub use query::{ChannelInfo, Query, QueryResult};
