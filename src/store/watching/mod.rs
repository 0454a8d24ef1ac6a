//! Monitoring the store: metrics, gauges and readiness.
//!
//! - `figures`: what is measured when it is asked for: queues, jobs, sizes.
//! - `metrics`: what is counted while the store works.
//! - `last_answer`: the last answer of `readiness`, which counts for a second.
//! - `readiness`: whether a row can be written.

pub(super) mod figures;
pub(super) mod last_answer;
pub(super) mod metrics;
pub(super) mod readiness;
