pub(super) mod archive;
pub(super) mod default_rooms;
pub(super) mod deletion;
pub(super) mod members;
pub(super) mod read_marks;
pub(super) mod room;
