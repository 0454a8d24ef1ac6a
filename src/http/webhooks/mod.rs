//! Webhooks of rooms and what was sent to them.

pub(crate) mod deliveries;
pub(crate) mod webhook;
