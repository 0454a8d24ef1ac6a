//! What the broadcasters of several processes say to each other.

mod node;
mod peers;
mod query;

pub use node::{InvalidNodeId, NodeId};
pub use peers::{
    Alone, CachedEvent, Change, Digest, Held, Later, Part, PeerMessage, PeerNews, Peers, ReadyFrame, Recipient,
};
pub use query::{Answer, ChannelInfo, Question};
