//! The event log: catch-up and the event stream.

pub(crate) mod catch_up;
pub(crate) mod coalesce;
pub(crate) mod cursor;
pub(crate) mod log_page;
pub(crate) mod open_streams;
mod positions;
pub(crate) mod stream;
