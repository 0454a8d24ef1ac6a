//! Long-lived tokens for scripts.

use crate::domain::{ApiTokenId, Timestamp, User, UserId};

use super::{Store, StoreError, TokenHash};

/// What its owner sees of an API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The token.
    pub id: ApiTokenId,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a new token.
    ///
    /// # Errors
    /// [`StoreError::UserNotFound`].
    pub async fn create_api_token(&self, user: UserId, name: String, hash: TokenHash) -> Result<ApiToken, StoreError> {
        let _ = (user, name, hash);
        unimplemented!()
    }

    /// A person's tokens, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
        let _ = user;
        unimplemented!()
    }

    /// Revokes a token of that person.
    ///
    /// # Errors
    /// [`StoreError::TokenNotFound`] also when the token is somebody else's.
    pub async fn delete_api_token(&self, user: UserId, id: ApiTokenId) -> Result<(), StoreError> {
        let _ = (user, id);
        unimplemented!()
    }

    /// Whose token it is. Its use is noted at most once a minute, without waiting for it.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn api_token_user(&self, hash: TokenHash) -> Result<Option<(ApiTokenId, User)>, StoreError> {
        let _ = hash;
        unimplemented!()
    }
}
