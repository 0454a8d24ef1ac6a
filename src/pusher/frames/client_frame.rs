//! What a client may send.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::pusher::strict_json::is_strict;

/// The protocol's limit on an event's name, in characters.
pub const MAX_EVENT_NAME_CHARS: usize = 200;

/// A frame from a client.
#[derive(Debug)]
pub enum ClientFrame {
    /// `pusher:subscribe`.
    Subscribe(SubscribeFrame),
    /// `pusher:unsubscribe` from the channel of this name.
    Unsubscribe(String),
    /// `pusher:ping`.
    Ping,
    /// `pusher:pong`.
    Pong,
    /// `pusher:signin`.
    SignIn(SignInFrame),
    /// `client-…`.
    ClientEvent(ClientEvent),
}

/// The data of `pusher:signin`: `{"auth":"key:signature","user_data":"{\"id\":\"1\"}"}`.
#[derive(Debug, Deserialize)]
pub struct SignInFrame {
    /// The application's signature.
    pub auth: String,
    /// Who signs in, exactly as it was signed.
    pub user_data: String,
}

/// The data of `pusher:subscribe`: `{"channel":"private-x","auth":"key:signature","channel_data":"{…}"}`.
#[derive(Debug, Deserialize)]
pub struct SubscribeFrame {
    /// The channel's name, not yet checked.
    pub channel: String,
    /// The application's signature; pusher-js sends an empty one for public channels.
    #[serde(default)]
    pub auth: Option<String>,
    /// Who subscribes, exactly as it was signed.
    #[serde(default)]
    pub channel_data: Option<String>,
}

/// An event that a client sends to the others of a channel:
/// `{"event":"client-typing","channel":"presence-room.1","data":{…}}`.
#[derive(Debug)]
pub struct ClientEvent {
    /// The event's name, which begins with `client-`.
    pub event: String,
    /// The channel's name, not yet checked.
    pub channel: String,
    /// The data as a text: a text as it is, anything else as its JSON. Absent stays absent.
    pub data: Option<String>,
}

/// A frame that the protocol does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidFrame {
    /// Not a JSON object with an `event`.
    #[error("Invalid message format: a frame is a JSON object with an \"event\".")]
    Malformed,
    /// The `data` of a known event lacks something.
    #[error("Invalid message format: the data of {0} is incomplete.")]
    Data(&'static str),
    /// An event that only the server sends, or that nobody does.
    #[error("Clients send pusher:subscribe, _:unsubscribe, _:signin, _:ping, _:pong, and events client-….")]
    UnknownEvent,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

impl ClientFrame {
    /// Parses the text of one frame. `data` may be an object, or a text that holds one, as native SDKs send it.
    ///
    /// # Errors
    /// [`InvalidFrame`].
    pub fn parse(text: &str) -> Result<Self, InvalidFrame> {
        let frame: Frame<'_> = serde_json::from_str(text).map_err(|_| InvalidFrame::Malformed)?;
        match frame.event.as_ref() {
            "pusher:subscribe" => data(frame.data).map(Self::Subscribe).ok_or(InvalidFrame::Data("pusher:subscribe")),
            "pusher:unsubscribe" => data::<Unsubscribe>(frame.data)
                .map(|data| Self::Unsubscribe(data.channel))
                .ok_or(InvalidFrame::Data("pusher:unsubscribe")),
            "pusher:signin" => data(frame.data).map(Self::SignIn).ok_or(InvalidFrame::Data("pusher:signin")),
            "pusher:ping" => Ok(Self::Ping),
            "pusher:pong" => Ok(Self::Pong),
            event if event.starts_with("client-") && !frame.data.is_none_or(is_strict) => Err(InvalidFrame::Malformed),
            event if event.starts_with("client-") => Ok(Self::ClientEvent(ClientEvent {
                event: event.to_owned(),
                channel: frame.channel.ok_or(InvalidFrame::Data("a client event"))?.into_owned(),
                data: frame.data.map(as_text),
            })),
            _ => Err(InvalidFrame::UnknownEvent),
        }
    }
}

#[derive(Deserialize)]
struct Unsubscribe {
    channel: String,
}

/// A JSON text's content, or any other JSON to the letter.
fn as_text(data: &RawValue) -> String {
    serde_json::from_str(data.get()).unwrap_or_else(|_| data.get().to_owned())
}

fn data<T: for<'de> Deserialize<'de>>(raw: Option<&RawValue>) -> Option<T> {
    let raw = raw?.get();
    match serde_json::from_str::<String>(raw) {
        Ok(inner) => serde_json::from_str(&inner).ok(),
        Err(_) => serde_json::from_str(raw).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_may_be_an_object_or_a_text() {
        for frame in [
            r#"{"event":"pusher:subscribe","data":{"channel":"c","auth":""}}"#,
            r#"{"event":"pusher:subscribe","data":"{\"channel\":\"c\",\"auth\":\"\"}"}"#,
        ] {
            let Ok(ClientFrame::Subscribe(subscribe)) = ClientFrame::parse(frame) else { panic!("{frame}") };
            assert_eq!((subscribe.channel.as_str(), subscribe.auth.as_deref()), ("c", Some("")));
        }
    }

    #[test]
    fn a_ping_may_have_any_data() {
        for data in ["", r#","data":{}"#, r#","data":"{}""#, r#","data":null"#] {
            let frame = format!(r#"{{"event":"pusher:ping"{data}}}"#);
            assert!(matches!(ClientFrame::parse(&frame), Ok(ClientFrame::Ping)), "{frame}");
        }
    }

    #[test]
    fn the_data_of_a_client_event_is_a_text_or_json_to_the_letter() {
        for (data, text) in [
            (r#","data":{ "b": 1.0 }"#, Some(r#"{ "b": 1.0 }"#)),
            (r#","data":"{\"b\":1}""#, Some(r#"{"b":1}"#)),
            (r#","data":"a \u00e9""#, Some("a é")),
            (r#","data":"""#, Some("")),
            (r#","data":7"#, Some("7")),
            (r#","data":null"#, None),
            ("", None),
        ] {
            let frame = format!(r#"{{"event":"client-x","channel":"private-c"{data}}}"#);
            let Ok(ClientFrame::ClientEvent(event)) = ClientFrame::parse(&frame) else { panic!("{frame}") };
            assert_eq!(event.data.as_deref(), text, "{frame}");
        }
    }

    #[test]
    fn data_that_strict_clients_could_not_read_is_refused() {
        for data in [r#""\ud83d""#, r#"{"a":["\ude00\ud83d"]}"#, "1e999"] {
            let frame = format!(r#"{{"event":"client-x","channel":"private-c","data":{data}}}"#);
            assert_eq!(ClientFrame::parse(&frame).err(), Some(InvalidFrame::Malformed), "{frame}");
        }
    }

    #[test]
    fn what_the_protocol_does_not_know_is_refused() {
        for frame in ["", "x", "[]", "{}", r#"{"event":1}"#, r#"{"event":"x"} trailing"#] {
            assert_eq!(ClientFrame::parse(frame).err(), Some(InvalidFrame::Malformed), "{frame}");
        }
        for event in ["pusher:nonsense", "pusher_internal:member_added", "message.posted", "pusher:error"] {
            let frame = format!(r#"{{"event":"{event}"}}"#);
            assert_eq!(ClientFrame::parse(&frame).err(), Some(InvalidFrame::UnknownEvent), "{frame}");
        }
        for frame in [
            r#"{"event":"pusher:subscribe"}"#,
            r#"{"event":"pusher:subscribe","data":{"channel":1}}"#,
            r#"{"event":"pusher:unsubscribe","data":{}}"#,
            r#"{"event":"pusher:signin","data":{"auth":"k:s"}}"#,
            r#"{"event":"client-x"}"#,
        ] {
            assert!(matches!(ClientFrame::parse(frame), Err(InvalidFrame::Data(_))), "{frame}");
        }
    }
}
