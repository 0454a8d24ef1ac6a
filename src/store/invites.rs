//! Invitations to sign up. One may be used by many people until it expires.

use crate::domain::{InviteId, Timestamp, UserId};

use super::{Store, StoreError, TokenHash};

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// The invitation.
    pub id: InviteId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it lets people in; `None`: for ever.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a new invitation.
    ///
    /// # Errors
    /// [`StoreError::NotAllowed`] unless `by` is an administrator.
    pub async fn create_invite(
        &self,
        by: UserId,
        code: TokenHash,
        expires_at: Option<Timestamp>,
    ) -> Result<Invite, StoreError> {
        let _ = (by, code, expires_at);
        unimplemented!()
    }
}
