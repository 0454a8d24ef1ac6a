//! Events on their way: from the handler that stored them to whoever broadcasts them (step 3 of the walk).
//!
//! [`Bus::dispatch`] turns what happened into messages for channels and hands them to the bus's carrier: within this
//! process to the broadcaster's mailbox, later to another process. It never waits for a socket, and it may fail without
//! harm: the room's log has the event, and clients fetch what they miss.

mod bus;
mod channels;
mod document_saved;
mod envelope;
mod flow;
mod local;
mod payload;

pub use bus::{Bus, Carrier, Dropped};
pub use channels::ChatChannel;
pub use document_saved::DocumentSaved;
pub use envelope::{BusMessage, Envelope, Revocation, RoomHead, Termination};
pub use flow::{FlowBook, Trace};
pub use local::{LocalBus, LocalReceiver, local_bus};
pub use payload::{
    AuthorPayload, DocumentPayload, EventPayload, FilePayload, MembershipPayload, MessagePayload, RoomPayload,
};
