pub(super) mod edit;
pub(super) mod history;
pub(super) mod post;
pub(super) mod post_message;
