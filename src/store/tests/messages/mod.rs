pub(super) mod history;
pub(super) mod posting;
