pub(super) mod history;
pub(super) mod posting;
mod reactions;
mod replies;
