//! The JSON of a NATS message: `{"v":1,"node":"…","body":{…}}`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bus::{ChannelSnapshot, ClusterMessage, NodeId, Query, QueryResult};
use crate::domain::RoomId;
use crate::pusher::ChannelKey;

/// The version of this format. A change that older versions would misunderstand needs a new number.
const VERSION: u32 = 1;

/// A message with its sender.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Packet {
    v: u32,
    pub(super) node: NodeId,
    pub(super) body: Body,
}

/// The content of a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    /// A message for the broadcaster.
    #[serde(rename = "peer")]
    Cluster(ClusterMessage),
    /// A query to the broadcaster, answered with [`Body::QueryResult`].
    #[serde(rename = "query")]
    Query(Query),
    #[serde(rename = "answer")]
    QueryResult(QueryResult),
    /// A request for all that is known of a channel, answered with [`Body::Snapshot`].
    #[serde(rename = "find")]
    RequestSnapshot(ChannelKey),
    #[serde(rename = "held")]
    Snapshot(Box<ChannelSnapshot>),
    /// The sender is alive.
    #[serde(rename = "beat")]
    Heartbeat,
    /// Is the receiver alive: answered with [`Body::Heartbeat`].
    Ping,
    /// The sender stops.
    Bye,
    /// A request for the heads of these rooms.
    Heads(Vec<RoomId>),
}

/// Another version of the format, or another format. It is counted and ignored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotUnderstood;

impl Packet {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, NotUnderstood> {
        serde_json::from_slice(bytes).ok().filter(|packet: &Self| packet.v == VERSION).ok_or(NotUnderstood)
    }

    /// The bytes of a message.
    #[expect(clippy::expect_used, reason = "the types have string keys and no fallible serialisers")]
    pub(super) fn write(node: NodeId, body: Body) -> Bytes {
        serde_json::to_vec(&Self { v: VERSION, node, body }).expect("packets are serialisable").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::{EncodedFrame, Envelope};
    use crate::pusher::{AppId, ChannelName, SocketId};
    use serde_json::value::RawValue;

    #[test]
    fn a_frame_arrives_to_the_letter() {
        let channel = ChannelKey { app: AppId::numbered(1), name: ChannelName::parse("c").expect("valid") };
        let event = Envelope {
            channel: channel.clone(),
            event: "e".to_owned(),
            data: "{ \"a\" : 1.0 }\u{2028}é".to_owned(),
            except: None,
            head: None,
            timeline: None,
        };
        let frame = RawValue::from_string(event.frame()).expect("JSON");
        let except = SocketId { run: 1, number: 2 };
        let sent = ClusterMessage::Event(EncodedFrame { channel, except: Some(except), head: None, frame });
        let node = NodeId::random();
        let packet = Packet::parse(&Packet::write(node, Body::Cluster(sent))).expect("understood");
        let Body::Cluster(ClusterMessage::Event(arrived)) = packet.body else { panic!("an event") };
        assert_eq!((packet.node, arrived.frame.get(), arrived.except), (node, event.frame().as_str(), Some(except)));
    }

    #[test]
    fn another_version_and_nonsense_are_not_understood() {
        for text in
            ["", "{}", r#"{"v":2,"node":"0123456789abcdef","body":"beat"}"#, r#"{"v":1,"node":"0","body":"beat"}"#]
        {
            assert_eq!(Packet::parse(text.as_bytes()).err(), Some(NotUnderstood), "{text}");
        }
        assert!(Packet::parse(br#"{"v":1,"node":"0123456789abcdef","body":"beat","later":1}"#).is_ok());
    }
}
