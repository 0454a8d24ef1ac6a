//! Channel names, and what their prefixes mean.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A valid channel name: 1 to 200 of `A–Z a–z 0–9 _ - = @ , . ;`. Cheap to clone: one event goes to many places.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChannelName(Arc<str>);

/// A name that no channel may have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("A channel name has 1 to {} characters: letters, digits and _ - = @ , . ;", ChannelName::MAX_BYTES)]
pub struct InvalidChannelName;

/// What a channel's prefix promises about who may join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// Anybody may subscribe.
    Public,
    /// `private-`: the application authorises each socket.
    Private,
    /// `private-encrypted-`: private, and the server cannot read the data.
    PrivateEncrypted,
    /// `presence-`: private, and its members know each other.
    Presence,
    /// `#server-to-user-`: for the sockets that are signed in as this user.
    ServerToUser,
}

impl ChannelName {
    /// The documentation says 164; every SDK and every open server says 200.
    pub const MAX_BYTES: usize = 200;

    /// The channel by which an application reaches one user on all their sockets; the rest of the name is the user's id.
    pub const SERVER_TO_USER: &str = "#server-to-user-";

    /// Parses a name. `#` is reserved: it begins the channels of signed-in users, and no others.
    ///
    /// # Errors
    /// [`InvalidChannelName`] for any other character and for a wrong length.
    pub fn parse(name: &str) -> Result<Self, InvalidChannelName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte);
        let plain = name.strip_prefix(Self::SERVER_TO_USER).unwrap_or(name);
        if (1..=Self::MAX_BYTES).contains(&name.len()) && !plain.is_empty() && plain.bytes().all(allowed) {
            return Ok(Self(name.into()));
        }
        Err(InvalidChannelName)
    }

    /// The channel that reaches a user on all sockets that are signed in as that user.
    ///
    /// # Errors
    /// [`InvalidChannelName`] when the id cannot stand in a channel's name.
    pub fn of_user(user_id: &str) -> Result<Self, InvalidChannelName> {
        Self::parse(&format!("{}{user_id}", Self::SERVER_TO_USER))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The channel's kind, by its longest prefix.
    #[must_use]
    pub fn kind(&self) -> ChannelKind {
        if self.0.starts_with(Self::SERVER_TO_USER) {
            ChannelKind::ServerToUser
        } else if self.0.starts_with("private-encrypted-") {
            ChannelKind::PrivateEncrypted
        } else if self.0.starts_with("private-") {
            ChannelKind::Private
        } else if self.0.starts_with("presence-") {
            ChannelKind::Presence
        } else {
            ChannelKind::Public
        }
    }

    /// Whether the channel keeps its last event for those who come later.
    #[must_use]
    pub fn is_cache(&self) -> bool {
        let rest =
            ["private-encrypted-", "private-", "presence-"].iter().find_map(|prefix| self.0.strip_prefix(prefix));
        rest.unwrap_or(&self.0).starts_with("cache-")
    }

    /// The user whom a `#server-to-user-` channel reaches.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.0.strip_prefix(Self::SERVER_TO_USER)
    }
}

impl ChannelKind {
    /// Whether the application must have signed the subscription.
    #[must_use]
    pub const fn needs_authorisation(self) -> bool {
        matches!(self, Self::Private | Self::PrivateEncrypted | Self::Presence)
    }
}

impl TryFrom<String> for ChannelName {
    type Error = InvalidChannelName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name)
    }
}

impl From<ChannelName> for String {
    fn from(name: ChannelName) -> Self {
        name.as_str().to_owned()
    }
}

/// Lets maps that are keyed by name be asked with a plain text.
impl Borrow<str> for ChannelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_up_to_200_allowed_characters() {
        assert!(ChannelName::parse(&"a".repeat(200)).is_ok());
        assert!(ChannelName::parse("private-room.1_-=@,;Z").is_ok());
        for name in [
            "",
            "a b",
            "a/b",
            "#server-to-user-",
            "#other",
            "#server-to-user-a b",
            "a#",
            "a:b",
            "café",
            "a\0",
            &"a".repeat(201),
        ] {
            assert_eq!(ChannelName::parse(name), Err(InvalidChannelName), "{name:?}");
        }
    }

    #[test]
    fn the_longest_prefix_decides_and_the_dash_belongs_to_it() {
        let kind = |name| ChannelName::parse(name).map(|name| name.kind());
        assert_eq!(kind("private-encrypted-x"), Ok(ChannelKind::PrivateEncrypted));
        assert_eq!(kind("private-x"), Ok(ChannelKind::Private));
        assert_eq!(kind("presence-x"), Ok(ChannelKind::Presence));
        assert_eq!(kind("privatex"), Ok(ChannelKind::Public));
        assert_eq!(kind("cache-x"), Ok(ChannelKind::Public));
        assert_eq!(kind("#server-to-user-7"), Ok(ChannelKind::ServerToUser));
    }

    #[test]
    fn a_channel_of_any_kind_may_be_a_cache() {
        for name in ["cache-x", "private-cache-x", "private-encrypted-cache-x", "presence-cache-x"] {
            assert!(ChannelName::parse(name).is_ok_and(|name| name.is_cache()), "{name}");
        }
        for name in ["x", "cachex", "x-cache-", "private-x-cache-", "private-encrypted-x"] {
            assert!(ChannelName::parse(name).is_ok_and(|name| !name.is_cache()), "{name}");
        }
    }
}
