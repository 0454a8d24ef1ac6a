pub(super) mod members;
pub(super) mod read_marks;
pub(super) mod room;
