pub(super) mod batches;
pub(super) mod opening;
pub(super) mod outages;
pub(super) mod reads;
pub(super) mod schema;
pub(super) mod writer;
