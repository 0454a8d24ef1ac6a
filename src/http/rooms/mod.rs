//! Rooms, their members, and how far each has read.

pub(crate) mod members;
pub(crate) mod reads;
pub(crate) mod room;
