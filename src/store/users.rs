//! People's accounts.

use crate::domain::{PersonName, User, UserId, Username};

use super::{Store, StoreError, TokenHash};

/// Somebody who signs up.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to sign in with.
    pub username: Username,
    /// The name that others read.
    pub name: PersonName,
    /// The password's Argon2id hash, in PHC form.
    pub password_hash: String,
    /// What lets the person in.
    pub admission: Admission,
}

/// What lets somebody sign up. The first person ever needs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Everybody may.
    Open,
    /// Holders of an invitation may; `None` when the person brought none.
    Invite(Option<TokenHash>),
}

impl Store {
    /// Whether nobody has signed up.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn is_first_run(&self) -> Result<bool, StoreError> {
        unimplemented!()
    }

    /// Makes an account. The first person ever becomes an administrator; that is decided in the transaction, so that of
    /// two who race for it one does.
    ///
    /// # Errors
    /// [`StoreError::UsernameTaken`], [`StoreError::SignUpClosed`] when an invitation is needed and missing, unknown or
    /// expired.
    pub async fn create_user(&self, new: NewUser) -> Result<User, StoreError> {
        let _ = new;
        unimplemented!()
    }

    /// The person of that id.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// The person of that name, and the hash that a password must match.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn credentials(&self, username: &Username) -> Result<Option<(User, String)>, StoreError> {
        let _ = username;
        unimplemented!()
    }

    /// People whose user name, or a word of whose name, begins with `query`, in the order of their names; all when it is
    /// empty.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Unavailable`].
    pub async fn find_users(&self, query: &str, limit: i64) -> Result<Vec<User>, StoreError> {
        let _ = (query, limit);
        unimplemented!()
    }
}
