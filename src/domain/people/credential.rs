//! A credential: the session or API token by which a request or a socket was authorised.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{ApiTokenId, SessionId, UserId};

/// A session or an API token, by its id and never by its secret. As text `session.12` or `token.3`.
///
/// Ids are never given twice, so a credential that has ended never comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Credential {
    /// A browser's session.
    Session(SessionId),
    /// A script's token.
    ApiToken(ApiTokenId),
}

/// A text that names no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a credential is session.ID or token.ID")]
pub struct InvalidCredential;

/// A credential that has ended, and whose it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct EndedCredential {
    /// The session or the token.
    #[schema(value_type = String, pattern = "^(session|token)\\.[0-9]{1,18}$")]
    pub credential: Credential,
    /// Whom it let in.
    pub user_id: UserId,
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session.{id}"),
            Self::ApiToken(id) => write!(f, "token.{id}"),
        }
    }
}

impl FromStr for Credential {
    type Err = InvalidCredential;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, id) = text.split_once('.').ok_or(InvalidCredential)?;
        let id = id.parse().map_err(|_| InvalidCredential)?;
        match kind {
            "session" => Ok(Self::Session(SessionId(id))),
            "token" => Ok(Self::ApiToken(ApiTokenId(id))),
            _ => Err(InvalidCredential),
        }
    }
}

impl TryFrom<String> for Credential {
    type Error = InvalidCredential;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Credential> for String {
    fn from(credential: Credential) -> Self {
        credential.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_and_its_text_are_one_to_one() {
        for (credential, text) in
            [(Credential::Session(SessionId(12)), "session.12"), (Credential::ApiToken(ApiTokenId(3)), "token.3")]
        {
            assert_eq!((credential.to_string().as_str(), text.parse()), (text, Ok(credential)));
        }
        for text in ["", "session", "session.", "session.x", "user.1", "12"] {
            assert_eq!(text.parse::<Credential>(), Err(InvalidCredential), "{text:?}");
        }
    }
}
