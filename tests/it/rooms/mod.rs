//! Rooms, their members, and who may do what.

mod broadcasting;
mod former_maker;
mod members;
mod permissions;
mod room;
