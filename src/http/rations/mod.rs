//! Rations (rate limits and quotas): how much a person and an address may do. Requests beyond are refused with 429.
//!
//! - `counters`: what everybody has used.
//! - `requests`: counts a request when its caller is known.
//! - `routes`: which ration a route counts against.
//! - `used_up`: the refusal.

pub(crate) mod counters;
pub(crate) mod requests;
mod routes;
pub(crate) mod used_up;
