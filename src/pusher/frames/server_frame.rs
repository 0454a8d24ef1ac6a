//! What the server sends, as JSON text.
//!
//! The protocol encodes twice: `data` is a text that holds JSON wherever native SDKs expect a text. Each function says
//! where it is otherwise.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Code, SubscriptionRefusal};
use crate::pusher::{ChannelName, MemberId, PresenceMember, SocketId};

/// `{"event":…,"channel":…,"data":…,"user_id":…}`, leaving out what is absent.
#[derive(Serialize)]
struct Frame<'a, Data: Serialize> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

/// An event of a channel; `data` is the publisher's text, quoted and never re-encoded.
#[must_use]
pub fn channel_event(event: &str, channel: &str, data: &str) -> String {
    json(&Frame { event, channel: Some(channel), data: Some(data), user_id: None })
}

/// The data of an event of a channel, out of the whole text; `None` when the text is none.
#[must_use]
pub fn data_of(channel_event: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Event {
        data: String,
    }
    serde_json::from_str(channel_event).ok().map(|Event { data }| data)
}

/// `pusher:connection_established`; `activity_timeout` in seconds.
#[must_use]
pub fn connection_established(socket_id: SocketId, activity_timeout_secs: u32) -> String {
    #[derive(Serialize)]
    struct Established {
        socket_id: String,
        activity_timeout: u32,
    }
    let data = json(&Established { socket_id: socket_id.to_string(), activity_timeout: activity_timeout_secs });
    json(&Frame { event: "pusher:connection_established", channel: None, data: Some(data), user_id: None })
}

/// `pusher:error`, whose data is an object.
#[must_use]
pub fn error(code: Code, message: &str) -> String {
    #[derive(Serialize)]
    struct ErrorData<'a> {
        code: u16,
        message: &'a str,
    }
    let data = ErrorData { code: code.number(), message };
    json(&Frame { event: "pusher:error", channel: None, data: Some(data), user_id: None })
}

/// `pusher:ping`, whose data is an object.
#[must_use]
pub fn ping() -> String {
    r#"{"event":"pusher:ping","data":{}}"#.to_owned()
}

/// `pusher:pong`, whose data is an object.
#[must_use]
pub fn pong() -> String {
    r#"{"event":"pusher:pong","data":{}}"#.to_owned()
}

/// `pusher_internal:subscription_succeeded` for a channel without presence.
#[must_use]
pub fn subscription_succeeded(channel: &ChannelName) -> String {
    channel_event("pusher_internal:subscription_succeeded", channel.as_str(), "{}")
}

/// `pusher_internal:subscription_succeeded` for a presence channel, with everybody who is there.
///
/// Data: `{"presence":{"count":1,"ids":["a"],"hash":{"a":{…}}}}`; a member without `user_info` has `{}`. An id that the
/// application wrote as a number is a number here too, but for the keys of `hash`.
#[must_use]
pub fn presence_succeeded<'a>(channel: &ChannelName, members: impl Iterator<Item = &'a PresenceMember>) -> String {
    #[derive(Serialize)]
    struct Data<'a> {
        presence: Presence<'a>,
    }
    #[derive(Serialize)]
    struct Presence<'a> {
        count: usize,
        ids: Vec<MemberId<'a>>,
        hash: indexmap::IndexMap<&'a str, Info<'a>>,
    }
    let (mut ids, mut hash) = (Vec::new(), indexmap::IndexMap::new());
    for member in members {
        ids.push(member.id());
        hash.insert(member.user_id.as_str(), Info(member.user_info.as_deref()));
    }
    let presence = Presence { count: ids.len(), ids, hash };
    channel_event("pusher_internal:subscription_succeeded", channel.as_str(), &json(&Data { presence }))
}

/// `pusher:subscription_error`, whose data is an object.
#[must_use]
pub fn subscription_error(channel: &str, refusal: &SubscriptionRefusal) -> String {
    json(&Frame { event: "pusher:subscription_error", channel: Some(channel), data: Some(refusal), user_id: None })
}

/// `pusher_internal:member_added`, for everybody but the new member.
#[must_use]
pub fn member_added(channel: &ChannelName, member: &PresenceMember) -> String {
    #[derive(Serialize)]
    struct Added<'a> {
        user_id: MemberId<'a>,
        user_info: Info<'a>,
    }
    let data = json(&Added { user_id: member.id(), user_info: Info(member.user_info.as_deref()) });
    channel_event("pusher_internal:member_added", channel.as_str(), &data)
}

/// `pusher_internal:member_removed`.
#[must_use]
pub fn member_removed(channel: &ChannelName, user_id: MemberId<'_>) -> String {
    #[derive(Serialize)]
    struct Removed<'a> {
        user_id: MemberId<'a>,
    }
    channel_event("pusher_internal:member_removed", channel.as_str(), &json(&Removed { user_id }))
}

/// `pusher:signin_success`, whose data is an object that holds `user_data` unchanged.
#[must_use]
pub fn signin_success(user_data: &str) -> String {
    #[derive(Serialize)]
    struct Success<'a> {
        user_data: &'a str,
    }
    json(&Frame { event: "pusher:signin_success", channel: None, data: Some(Success { user_data }), user_id: None })
}

/// `pusher_internal:watchlist_events`, whose data is an object: who of the watched is online, and who is not. A list
/// that is empty is left out.
#[must_use]
pub fn watchlist_events(online: &[&str], offline: &[&str]) -> String {
    #[derive(Serialize)]
    struct Data<'a> {
        events: Vec<WatchlistEvent<'a>>,
    }
    #[derive(Serialize)]
    struct WatchlistEvent<'a> {
        name: &'static str,
        user_ids: &'a [&'a str],
    }
    let events = [("online", online), ("offline", offline)];
    let events = events.into_iter().filter(|(_, user_ids)| !user_ids.is_empty());
    let data = Data { events: events.map(|(name, user_ids)| WatchlistEvent { name, user_ids }).collect() };
    json(&Frame { event: "pusher_internal:watchlist_events", channel: None, data: Some(data), user_id: None })
}

/// `pusher_internal:subscription_count`: how many sockets are in the channel.
#[must_use]
pub fn subscription_count(channel: &ChannelName, count: usize) -> String {
    #[derive(Serialize)]
    struct Data {
        subscription_count: usize,
    }
    let data = json(&Data { subscription_count: count });
    channel_event("pusher_internal:subscription_count", channel.as_str(), &data)
}

/// `pusher:cache_miss`: the cache channel that was just joined holds nothing.
#[must_use]
pub fn cache_miss(channel: &ChannelName) -> String {
    channel_event("pusher:cache_miss", channel.as_str(), "{}")
}

/// A client's event for the others of its channel: its data is a text, as in every event of a channel; `user_id` only in
/// presence channels, from the signed membership and never from the sender.
#[must_use]
pub fn client_event(event: &str, channel: &ChannelName, data: Option<&str>, user_id: Option<&str>) -> String {
    json(&Frame { event, channel: Some(channel.as_str()), data, user_id })
}

/// A member's `user_info`, `{}` when there is none.
struct Info<'a>(Option<&'a RawValue>);

impl Serialize for Info<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(info) => info.serialize(serializer),
            None => serde::ser::SerializeMap::end(serializer.serialize_map(Some(0))?),
        }
    }
}

/// Frames have string keys and no fallible serialisers, so there is nothing that can fail.
#[expect(clippy::expect_used, reason = "states the invariant above")]
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("frames are serialisable")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str) -> ChannelName {
        ChannelName::parse(name).expect("valid")
    }

    fn member(channel_data: &str) -> PresenceMember {
        PresenceMember::parse(channel_data).expect("valid")
    }

    #[test]
    fn frames_are_as_native_sdks_expect_them_to_the_byte() {
        let refusal = SubscriptionRefusal::unauthorised("no");
        let frames = [
            (
                connection_established(SocketId { run: 12, number: 34 }, 120),
                r#"{"event":"pusher:connection_established","data":"{\"socket_id\":\"12.34\",\"activity_timeout\":120}"}"#,
            ),
            (
                error(Code::UnknownApp, "no such app"),
                r#"{"event":"pusher:error","data":{"code":4001,"message":"no such app"}}"#,
            ),
            (
                subscription_succeeded(&channel("c")),
                r#"{"event":"pusher_internal:subscription_succeeded","channel":"c","data":"{}"}"#,
            ),
            (
                subscription_error("c", &refusal),
                r#"{"event":"pusher:subscription_error","channel":"c","data":{"type":"AuthError","error":"no","status":401}}"#,
            ),
            (channel_event("e", "c", r#"{"a":1}"#), r#"{"event":"e","channel":"c","data":"{\"a\":1}"}"#),
            (
                member_added(&channel("presence-c"), &member(r#"{"user_id":7,"user_info":{"n":"x"}}"#)),
                r#"{"event":"pusher_internal:member_added","channel":"presence-c","data":"{\"user_id\":7,\"user_info\":{\"n\":\"x\"}}"}"#,
            ),
            (
                member_removed(&channel("presence-c"), MemberId { text: "7", is_number: false }),
                r#"{"event":"pusher_internal:member_removed","channel":"presence-c","data":"{\"user_id\":\"7\"}"}"#,
            ),
            (
                signin_success(r#"{"id":"1"}"#),
                r#"{"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"1\"}"}}"#,
            ),
            (
                watchlist_events(&["2"], &["3", "4"]),
                r#"{"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["2"]},{"name":"offline","user_ids":["3","4"]}]}}"#,
            ),
            (
                subscription_count(&channel("c"), 3),
                r#"{"event":"pusher_internal:subscription_count","channel":"c","data":"{\"subscription_count\":3}"}"#,
            ),
            (cache_miss(&channel("cache-c")), r#"{"event":"pusher:cache_miss","channel":"cache-c","data":"{}"}"#),
            (
                client_event("client-x", &channel("presence-c"), Some("[1]"), Some("7")),
                r#"{"event":"client-x","channel":"presence-c","data":"[1]","user_id":"7"}"#,
            ),
            (
                client_event("client-x", &channel("private-c"), None, None),
                r#"{"event":"client-x","channel":"private-c"}"#,
            ),
        ];
        for (frame, expected) in frames {
            assert_eq!(frame, expected);
        }
    }

    #[test]
    fn the_members_are_counted_listed_and_described() {
        let members = [member(r#"{"user_id":"b","user_info":{"n":1}}"#), member(r#"{"user_id":"a"}"#)];
        assert_eq!(
            presence_succeeded(&channel("presence-c"), members.iter()),
            r#"{"event":"pusher_internal:subscription_succeeded","channel":"presence-c","data":"{\"presence\":{\"count\":2,\"ids\":[\"b\",\"a\"],\"hash\":{\"b\":{\"n\":1},\"a\":{}}}}"}"#
        );
    }
}
