//! Rooms, their members, and who may do what.

mod broadcasting;
mod members;
mod permissions;
mod room;
