//! What an access token says about its bearer.

use crate::domain::{SessionId, UserId};

/// What a valid token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Whose it is.
    pub user_id: UserId,
    /// The session that it was made in; when that ends, the token is void.
    pub session_id: SessionId,
}
