//! Messages: posting is the walk through the program, so read `post.rs` first.

pub(crate) mod history;
pub(crate) mod post;
pub(crate) mod reactions;
pub(crate) mod timeline;
