pub(super) mod invites;
pub(super) mod sessions;
pub(super) mod token_hash;
pub(super) mod tokens;
pub(super) mod users;
