//! Channels by the Pusher protocol: subscribing, presence, users, client events, caches, counts.

mod caches;
mod client_events;
mod counts;
mod presence;
mod subscribing;
mod users;
