pub(super) mod catch_up;
mod event_names;
pub(super) mod heads;
pub(super) mod retention;
