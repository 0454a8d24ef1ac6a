pub(super) mod access;
pub(super) mod members;
pub(super) mod room;
