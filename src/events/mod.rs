//! Events on their way: from the handler that stored them to whoever broadcasts them (step 3 of the walk).
//!
//! [`Bus::dispatch`] turns what happened into messages for channels and hands them to the bus's [`Carrier`]: within this
//! process [`LocalBus`], the broadcaster's mailbox; to a socket server of any make [`PusherBus`]; between several
//! processes [`NatsBus`]. It never waits for a socket, and it may fail without harm: the room's log has the event, and
//! clients fetch what they miss.
//!
//! A broadcaster hears [`News`], and reaches those of other processes through [`Peers`]: it knows no carrier.

mod bus;
mod channels;
mod document_saved;
mod envelope;
mod faulty;
mod flow;
mod info;
mod local;
mod missed_heads;
mod nats;
mod node;
mod outgoing;
mod payload;
mod peers;
mod pusher_bus;

pub use bus::{Bus, BusState, Carrier, Dropped};
pub use channels::ChatChannel;
pub use document_saved::DocumentSaved;
pub use envelope::{BusMessage, Envelope, News, Revocation, RoomHead, Termination};
pub use faulty::Faulty;
pub use flow::{FlowBook, Trace};
pub use info::{Answer, ChannelInfo, Question};
pub use local::{LocalBus, LocalReceiver, local_bus};
pub use nats::{HeadsWanted, NatsBus, NatsError, NatsOptions};
pub use node::{InvalidNodeId, NodeId};
pub use payload::{
    AuthorPayload, DocumentPayload, EventPayload, FilePayload, MembershipPayload, MessagePayload, RoomPayload,
};
pub use peers::{
    Alone, CachedEvent, Change, Digest, Held, Later, Part, PeerMessage, PeerNews, Peers, ReadyFrame, Recipient,
};
pub use pusher_bus::PusherBus;
