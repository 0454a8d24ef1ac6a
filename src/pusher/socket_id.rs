//! The id of a connection: authorisations are signed for it, and publishers exclude their own by it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A socket id, `123.456` on the wire: every SDK checks for `^\d+\.\d+$`.
///
/// The first half is drawn at random when the server starts, so that an authorisation for a socket of an earlier run
/// or of another node never fits one of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SocketId {
    /// Drawn once for each run of a server.
    pub run: u64,
    /// Counts the run's sockets.
    pub number: u64,
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.run, self.number)
    }
}

/// A text that is no socket id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a socket id is two numbers with a dot between them")]
pub struct InvalidSocketId;

impl FromStr for SocketId {
    type Err = InvalidSocketId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().map_err(|_| InvalidSocketId),
            false => Err(InvalidSocketId),
        };
        let (run, number) = text.split_once('.').ok_or(InvalidSocketId)?;
        Ok(Self { run: digits(run)?, number: digits(number)? })
    }
}

impl TryFrom<String> for SocketId {
    type Error = InvalidSocketId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SocketId> for String {
    fn from(id: SocketId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_its_text_are_one_to_one() {
        let id = SocketId { run: 123, number: 456 };
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "1", "1.", ".1", "1.2.3", "+1.2", "1.-2", "a.b", "99999999999999999999.1"] {
            assert_eq!(text.parse::<SocketId>(), Err(InvalidSocketId), "{text:?}");
        }
    }
}
