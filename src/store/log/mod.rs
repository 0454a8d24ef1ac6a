pub(super) mod append;
pub(super) mod catch_up;
pub(super) mod heads;
pub(super) mod retention;
