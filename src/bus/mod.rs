//! Events on their way: from the handler that stored them to whoever broadcasts them (step 3 of the walk).
//!
//! [`Bus::dispatch`] turns what happened into messages for channels and hands them to the bus's [`Broker`]: within this
//! process [`LocalBus`], the broadcaster's mailbox; to a socket server of any make [`PusherBus`]; between several
//! processes [`NatsBus`]. It never waits for a socket, and it may fail without harm: the room's log has the event, and
//! clients fetch what they miss.
//!
//! A broadcaster hears [`BusInput`], and reaches those of other processes through [`Cluster`]: it knows no broker.

mod bus;
mod chat_channel;
mod cluster;
mod document_saved;
mod envelope;

mod local;
mod missed;
mod nats;
mod outgoing;
mod pusher;
mod unreliable;

pub use bus::{Broker, Bus, BusFull, BusState};
pub use chat_channel::ChatChannel;
pub use cluster::{
    BoxFuture, CachedEvent, ChannelDelta, ChannelInfo, ChannelSnapshot, Cluster, ClusterEvent, ClusterMessage, Digest,
    EncodedFrame, InvalidNodeId, NodeId, NodeShare, Query, QueryResult, Recipient, SingleNode,
};
pub use document_saved::DocumentSaved;
pub use envelope::{BusInput, BusMessage, Envelope, Revocation, RoomHead, Termination};
pub use local::{LocalBus, LocalReceiver, local_bus};
pub use nats::{HeadsRequest, NatsBus, NatsError, NatsOptions};
pub use pusher::PusherBus;
pub use unreliable::UnreliableBroker;
