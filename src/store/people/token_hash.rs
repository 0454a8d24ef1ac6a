//! The hash that is stored instead of a secret.

/// The SHA-256 of a random secret: a refresh token, an API token, an invitation's code. Whoever reads the database
/// learns no secret from it; hashing is the caller's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The form in which it is stored.
    pub(in crate::store) fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}
