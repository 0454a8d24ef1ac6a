//! The channels of the chat, and their names.

use std::fmt;

use crate::domain::{DocumentId, RoomId, UserId};
use crate::pusher::ChannelName;

/// A channel of the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatChannel {
    /// `private-room.{id}`: the events of a room.
    Room(RoomId),
    /// `presence-room.{id}`: the users who have the room open, and who is typing.
    RoomPresence(RoomId),
    /// `private-rooms`: what becomes of open rooms, for everybody with an account.
    OpenRooms,
    /// `private-user.{id}`: the events for one user, on all devices.
    User(UserId),
    /// `presence-document.{id}`: the users who have a document open, and the changes that they send each other.
    Document(DocumentId),
}

const OPEN_ROOMS: &str = "private-rooms";

impl ChatChannel {
    /// The channel's name.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a prefix of letters and a number are a valid name")]
    pub fn name(self) -> ChannelName {
        ChannelName::parse(&self.to_string()).expect("a prefix of letters and a number are a valid name")
    }

    /// Parses a channel's name; `None` when it is no channel of the chat.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let id = |text: &str| text.parse().ok().filter(|id: &i64| id.to_string() == text);
        if name == OPEN_ROOMS {
            return Some(Self::OpenRooms);
        }
        if let Some(room) = name.strip_prefix("private-room.") {
            return id(room).map(RoomId).map(Self::Room);
        }
        if let Some(room) = name.strip_prefix("presence-room.") {
            return id(room).map(RoomId).map(Self::RoomPresence);
        }
        if let Some(document) = name.strip_prefix("presence-document.") {
            return id(document).map(DocumentId).map(Self::Document);
        }
        name.strip_prefix("private-user.").and_then(id).map(UserId).map(Self::User)
    }
}

impl fmt::Display for ChatChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(id) => write!(f, "private-room.{id}"),
            Self::RoomPresence(id) => write!(f, "presence-room.{id}"),
            Self::OpenRooms => f.write_str(OPEN_ROOMS),
            Self::User(id) => write!(f, "private-user.{id}"),
            Self::Document(id) => write!(f, "presence-document.{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_channel_are_one_to_one() {
        let channels = [
            ChatChannel::Room(RoomId(1)),
            ChatChannel::RoomPresence(RoomId(23)),
            ChatChannel::OpenRooms,
            ChatChannel::User(UserId(4)),
            ChatChannel::Document(DocumentId(5)),
        ];
        for channel in channels {
            assert_eq!(ChatChannel::from_name(channel.name().as_str()), Some(channel));
        }
        for name in
            ["private-room.01", "private-room.", "private-room.+1", "presence-user.1", "presence-document.x", "room.1"]
        {
            assert_eq!(ChatChannel::from_name(name), None, "{name}");
        }
    }
}
