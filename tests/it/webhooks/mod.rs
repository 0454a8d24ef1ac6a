//! Webhooks of rooms, and a server that they call.

mod delivery;
pub(crate) mod receiver;
