//! People: accounts, sessions, API tokens, invitations.

mod invites;
mod sessions;
mod tokens;
mod users;
