//! People: accounts, sessions, tokens.
//!
//! - `administration`: what administrators do with others' accounts.
//! - `credentials`: ending sessions and API tokens, and remembering for a while which have ended.
//! - `invites`: invitations to sign up.
//! - `rows`: the rows of `users`, and looking people up by id.
//! - `sessions`: signed-in sessions and their refresh tokens.
//! - `token_hash`: what is stored of a secret.
//! - `tokens`: API tokens for scripts.
//! - `users`: accounts: signing up, passwords, finding people.

pub(super) mod administration;
pub(super) mod credentials;
pub(super) mod invites;
pub(super) mod rows;
pub(super) mod sessions;
pub(super) mod token_hash;
pub(super) mod tokens;
pub(super) mod users;
