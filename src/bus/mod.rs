//! The bus: carries stored events from the handlers to the broadcasters (step 3 of the walk).
//!
//! [`Bus::dispatch`] turns an event into messages for channels and publishes them through a [`Broker`]:
//!
//! | broker | where the broadcaster is |
//! |---|---|
//! | [`LocalBus`] | in this process: its queue |
//! | [`NatsBus`] | in this process and in others, over NATS |
//! | [`PusherBus`] | a socket server with Pusher's HTTP API, of any make |
//!
//! Publishing never waits for a socket and may fail without harm: the room's log has the event, and clients fetch what they
//! miss. A broadcaster receives [`BusInput`] and reaches the broadcasters of other processes through [`Cluster`].

mod broker;
mod chat_channel;
mod cluster;
mod dispatch;
mod document_saved;
mod envelope;
mod local;
mod nats;
mod outgoing;
mod pusher;
mod unreliable;

pub use broker::{Broker, BusFull, BusState};
pub use chat_channel::ChatChannel;
pub use cluster::{
    BoxFuture, CachedEvent, ChannelDelta, ChannelInfo, ChannelSnapshot, Cluster, ClusterEvent, ClusterMessage, Digest,
    EncodedFrame, InvalidNodeId, NodeId, NodeShare, Query, QueryResult, Recipient, SingleNode,
};
pub use dispatch::Bus;
pub use document_saved::DocumentSaved;
pub use envelope::{BusMessage, CredentialsEnded, Envelope, Revocation, RoomHead, Termination};
pub use local::{BusInput, LocalBus, LocalReceiver, local_bus};
pub use nats::{HeadsRequest, NatsBus, NatsError, NatsOptions};
pub use pusher::PusherBus;
pub use unreliable::UnreliableBroker;
