//! People: accounts, sessions, tokens.
//!
//! - `invites`: invitations to sign up.
//! - `rows`: the rows of `users`, and looking people up by id.
//! - `sessions`: signed-in sessions and their refresh tokens.
//! - `token_hash`: what is stored of a secret.
//! - `tokens`: API tokens for scripts.
//! - `users`: accounts: signing up, passwords, finding people.

pub(super) mod invites;
pub(super) mod rows;
pub(super) mod sessions;
pub(super) mod token_hash;
pub(super) mod tokens;
pub(super) mod users;
