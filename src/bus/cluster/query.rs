//! Queries about channels, to this node and all others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pusher::{AppId, ChannelKey, ChannelName};

/// A channel as it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// Sockets in the channel; 0: the channel is vacant.
    pub socket_count: usize,
    /// Members of the channel; always 0 in channels other than presence channels.
    pub user_count: usize,
    /// The data of a cache channel's last event, and how long it will be kept.
    pub cached: Option<(String, Duration)>,
}

/// A query to the broadcasters of all nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Query {
    /// One channel.
    Channel(ChannelKey),
    /// The occupied channels of an app whose names start with this prefix.
    Channels(AppId, String),
    /// The members of a presence channel.
    Users(ChannelKey),
    /// A user, when they are a member of a presence channel with a socket on the node that is asked.
    Member(ChannelKey, String),
    /// How many sockets an app has.
    Connections(AppId),
}

/// The result of a query: of one node, or of several added up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueryResult {
    /// The channels that were asked for.
    pub channels: BTreeMap<ChannelName, ChannelInfo>,
    /// The user ids that were asked for.
    pub users: BTreeSet<String>,
    /// The number of sockets that was asked for.
    #[serde(default)]
    pub connections: usize,
    /// Whether a node has not answered in time.
    pub is_partial: bool,
}

impl ChannelInfo {
    /// Adds another node's result. Each node counts its own sockets, but knows the members of all nodes.
    pub fn add(&mut self, other: Self) {
        self.socket_count += other.socket_count;
        self.user_count = self.user_count.max(other.user_count);
        let left = |cached: &Option<(String, Duration)>| cached.as_ref().map(|(_, left)| *left);
        if left(&other.cached) > left(&self.cached) {
            self.cached = other.cached;
        }
    }
}

impl QueryResult {
    /// Adds another node's result.
    pub fn add(&mut self, other: Self) {
        for (name, info) in other.channels {
            self.channels.entry(name).or_default().add(info);
        }
        self.users.extend(other.users);
        self.connections += other.connections;
        self.is_partial |= other.is_partial;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_add_up_and_people_do_not() {
        let name = ChannelName::parse("presence-cache-c").expect("valid");
        let answer = |sockets, people, data: &str, left| {
            let cached = Some((data.to_owned(), Duration::from_secs(left)));
            let info = ChannelInfo { socket_count: sockets, user_count: people, cached };
            QueryResult { channels: BTreeMap::from([(name.clone(), info)]), ..QueryResult::default() }
        };
        let mut whole = answer(2, 3, "older", 10);
        whole.add(answer(1, 3, "newer", 20));
        assert_eq!(whole, answer(3, 3, "newer", 20));
    }
}
