//! Signed-in sessions, and the chain of refresh tokens that keeps each alive.

use crate::domain::{SessionId, Timestamp, User, UserId};

use super::{Store, StoreError, TokenHash};

impl Store {
    /// Begins a session that ends at `expires_at` unless its refresh token is used before.
    ///
    /// # Errors
    /// [`StoreError::UserNotFound`].
    pub async fn create_session(
        &self,
        user: UserId,
        refresh: TokenHash,
        expires_at: Timestamp,
    ) -> Result<SessionId, StoreError> {
        let _ = (user, refresh, expires_at);
        unimplemented!()
    }

    /// Replaces a session's refresh token by the next one. The one presented is accepted for another 30 seconds, for two
    /// tabs may refresh at once; presented later, somebody has a copy of it, and the session ends.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when the token is unknown, expired, was replaced before, or its session ended.
    pub async fn rotate_session(
        &self,
        presented: TokenHash,
        next: TokenHash,
        expires_at: Timestamp,
    ) -> Result<(SessionId, User), StoreError> {
        let _ = (presented, next, expires_at);
        unimplemented!()
    }

    /// Whose session it is; `None` when it has ended or expired.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn session_user(&self, id: SessionId) -> Result<Option<User>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Ends a session; harmless when it has ended.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn end_session(&self, id: SessionId) -> Result<(), StoreError> {
        let _ = id;
        unimplemented!()
    }
}
