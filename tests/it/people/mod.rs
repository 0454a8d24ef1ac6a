//! People: accounts, sessions, API tokens, invitations.

mod audit;
mod ends;
mod invites;
mod names;
mod sessions;
mod tokens;
mod users;
