//! Webhooks: URLs that are called when something happens in a room.
//!
//! - `deliveries`: the log of a webhook's deliveries, and sending one again.
//! - `delivery`: a delivery and its row.
//! - `enqueue`: queues deliveries, in the transaction that writes an event.
//! - `sending`: what a job has to send, and what became of it.
//! - `webhook`: making, listing and deleting webhooks.

pub(super) mod deliveries;
pub(super) mod delivery;
pub(super) mod enqueue;
pub(super) mod sending;
pub(super) mod webhook;
