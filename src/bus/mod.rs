//! Events on their way: from the handler that stored them to whoever broadcasts them (step 3 of the walk).
//!
//! [`Bus::dispatch`] turns what happened into messages for channels and hands them to the bus's [`Carrier`]: within this
//! process [`LocalBus`], the broadcaster's mailbox; to a socket server of any make [`PusherBus`]; between several
//! processes [`NatsBus`]. It never waits for a socket, and it may fail without harm: the room's log has the event, and
//! clients fetch what they miss.
//!
//! A broadcaster hears [`News`], and reaches those of other processes through [`Peers`]: it knows no carrier.

mod bus;
mod chat_channel;
mod cluster;
mod document_saved;
mod envelope;
mod faulty;
mod local;
mod missed;
mod nats;
mod outgoing;
mod pusher;

pub use bus::{Bus, BusState, Carrier, Dropped};
pub use chat_channel::ChatChannel;
pub use cluster::{
    Alone, Answer, CachedEvent, Change, ChannelInfo, Digest, Held, InvalidNodeId, Later, NodeId, Part, PeerMessage,
    PeerNews, Peers, Question, ReadyFrame, Recipient,
};
pub use document_saved::DocumentSaved;
pub use envelope::{BusMessage, Envelope, News, Revocation, RoomHead, Termination};
pub use faulty::Faulty;
pub use local::{LocalBus, LocalReceiver, local_bus};
pub use nats::{HeadsWanted, NatsBus, NatsError, NatsOptions};
pub use pusher::PusherBus;
