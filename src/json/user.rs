//! People: an account, and the author beside what they did.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Role, Timestamp, User, UserId, UserRef};

/// A person beside a message: `{"id":2,"username":"ada","name":"Ada Lovelace"}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserRef)]
pub struct UserRefPayload<'a> {
    id: UserId,
    username: &'a str,
    name: &'a str,
}

impl<'a> From<&'a UserRef> for UserRefPayload<'a> {
    fn from(author: &'a UserRef) -> Self {
        Self { id: author.id, username: &author.username, name: &author.name }
    }
}

/// An account as its owner and others see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserPayload<'a> {
    id: UserId,
    username: &'a str,
    name: &'a str,
    #[schema(value_type = Role)]
    role: &'static str,
    created_at: Timestamp,
}

impl<'a> From<&'a User> for UserPayload<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id,
            username: user.username.as_str(),
            name: user.name.as_str(),
            role: user.role.name(),
            created_at: user.created_at,
        }
    }
}
