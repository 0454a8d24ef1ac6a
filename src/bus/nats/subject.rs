//! The NATS subjects: which nodes subscribe to which, and what is published there.
//!
//! | subject | who subscribes | carries |
//! |---|---|---|
//! | `hubbub.APP.ev.CHANNEL` | nodes with a socket in the channel | events, client events, changes of presence, digests |
//! | `hubbub.APP.us.USER` | nodes where that user is signed in | the same, terminations |
//! | `hubbub.APP.rq.CHANNEL` | the same nodes, as one group of which one answers | requests for a snapshot of the channel |
//! | `hubbub.nd.NODE` | that node | messages to this node alone |
//! | `hubbub.hb` | nodes with sockets | heartbeats, and that a node stops |
//! | `hubbub.all` | nodes with sockets | revocations, queries of the HTTP API |
//! | `hubbub.heads` | nodes with the database, as one group | requests for the heads of rooms |

use crate::bus::{NodeId, Recipient};
use crate::pusher::ChannelKey;

pub(super) const HEARTBEATS: &str = "hubbub.hb";
pub(super) const ALL: &str = "hubbub.all";
pub(super) const HEADS: &str = "hubbub.heads";
/// The queue group in which one node answers a request.
pub(super) const GROUP: &str = "hubbub";

pub(super) fn of_channel(channel: &ChannelKey) -> String {
    match channel.name.user_id() {
        Some(user_id) => format!("hubbub.{}.us.{}", token(channel.app.as_str()), token(user_id)),
        None => format!("hubbub.{}.ev.{}", token(channel.app.as_str()), token(channel.name.as_str())),
    }
}

pub(super) fn of_finders(channel: &ChannelKey) -> String {
    format!("hubbub.{}.rq.{}", token(channel.app.as_str()), token(channel.name.as_str()))
}

pub(super) fn of_node(node: NodeId) -> String {
    format!("hubbub.nd.{node}")
}

pub(super) fn of(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Channel(channel) => of_channel(channel),
        Recipient::Node(node) => of_node(*node),
        Recipient::All => ALL.to_owned(),
    }
}

/// A name as one token of a subject: characters that have a meaning there are percent-encoded, and the percent sign.
fn token(name: &str) -> String {
    let mut token = String::with_capacity(name.len() + 6);
    for character in name.chars() {
        match character {
            '.' => token.push_str("%2E"),
            '*' => token.push_str("%2A"),
            '>' => token.push_str("%3E"),
            ' ' => token.push_str("%20"),
            '%' => token.push_str("%25"),
            other => token.push(other),
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pusher::{AppId, ChannelName};

    #[test]
    fn a_channels_name_is_one_token_of_its_subject() {
        let subject =
            |name| of_channel(&ChannelKey { app: AppId::numbered(7), name: ChannelName::parse(name).expect("valid") });
        assert_eq!(subject("private-room.1"), "hubbub.7.ev.private-room%2E1");
        assert_eq!(subject("#server-to-user-a.b"), "hubbub.7.us.a%2Eb");
        assert_eq!(token("a%2E*> "), "a%252E%2A%3E%20");
    }
}
