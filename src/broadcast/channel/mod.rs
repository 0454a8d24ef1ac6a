//! The state of channels: plain data of the broadcaster, without tasks or sockets.

mod caches;
mod channels;
mod counts;
mod grace;
mod presence;
mod remote;
mod revocations;
mod watchlists;

pub(crate) use caches::Caches;
pub(crate) use channels::{Channel, ChannelChange, Channels};
pub(crate) use counts::SubscriptionCounts;
pub(crate) use grace::PresenceGrace;
pub(crate) use remote::{DeltaOutcome, LeftMember, PresenceDiff};
pub(crate) use revocations::Revocations;
pub(crate) use watchlists::Watchlists;
