//! A person beside what they did.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Author, UserId};

/// A person beside a message: `{"id":2,"username":"ada","name":"Ada Lovelace"}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserRef)]
pub struct AuthorPayload<'a> {
    id: UserId,
    username: &'a str,
    name: &'a str,
}

impl<'a> From<&'a Author> for AuthorPayload<'a> {
    fn from(author: &'a Author) -> Self {
        Self { id: author.id, username: &author.username, name: &author.name }
    }
}
