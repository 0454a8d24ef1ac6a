//! People, and their credentials: sessions and API tokens.
//!
//! - `credential`: a session or an API token, as it is named when it ends.
//! - `user`: a person, their names, their password and their role.

mod credential;
mod user;

pub use credential::{Credential, EndedCredential, InvalidCredential};
pub use user::{Password, PersonName, Role, User, UserRef, Username};
