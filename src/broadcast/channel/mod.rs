//! What the broadcaster knows of each channel: plain data without tasks or sockets.

mod caches;
mod channels;
mod counts;
mod grace;
mod presence;
mod remote;
mod revocations;
mod watchlists;

pub(crate) use caches::Caches;
pub(crate) use channels::{Changed, Channel, Channels};
pub(crate) use counts::Counts;
pub(crate) use grace::HeldDepartures;
pub(crate) use remote::{Applied, Movement};
pub(crate) use revocations::Revocations;
pub(crate) use watchlists::Watchlists;
