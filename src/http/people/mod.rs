//! People, their sessions, tokens and invitations.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod invites;
pub(crate) mod refresh_cookie;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod users;
