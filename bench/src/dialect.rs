//! What differs between servers: how a socket joins, and how an event is published. Everything else is done and counted alike.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use serde_json::json;
use sha2::Sha256;

/// The channel that everything goes through; the servers in `peers/` call their rooms and topics so, too.
pub(crate) const CHANNEL: &str = "bench";

/// How a server is spoken to.
#[derive(Clone)]
pub(crate) enum Dialect {
    /// The Pusher protocol: a socket subscribes, and the HTTP API publishes.
    Pusher(App),
    /// Engine.IO 4 over WebSocket alone, and Socket.IO in it: a client asks for the namespace, and the server joins it.
    SocketIo,
    /// WebSocket and nothing above it: the server joins whoever connects.
    Bare,
}

/// An app of a server that speaks Pusher.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// What a socket does about a frame that is no event.
pub(crate) enum Reaction {
    /// It has joined the channel.
    Joined,
    Send(String),
    Nothing,
}

impl Dialect {
    /// Where a WebSocket connects to.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Pusher(app) => format!("/app/{}?protocol=7&client=bench&version=1.0", app.key),
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
            Self::Bare => "/".to_owned(),
        }
    }

    /// Is a socket in the channel as soon as it is connected?
    pub(crate) fn joins_by_connecting(&self) -> bool {
        matches!(self, Self::Bare)
    }

    /// Reads a frame that is no event: a step of joining, or the server asking whether anybody is there.
    pub(crate) fn react(&self, frame: &[u8]) -> Result<Reaction> {
        let text = String::from_utf8_lossy(frame);
        Ok(match self {
            Self::Pusher(_) => match event_name(&text) {
                Some("pusher:connection_established") => {
                    Reaction::Send(json!({"event": "pusher:subscribe", "data": {"channel": CHANNEL}}).to_string())
                }
                Some("pusher_internal:subscription_succeeded") => Reaction::Joined,
                Some("pusher:ping") => Reaction::Send(r#"{"event":"pusher:pong"}"#.to_owned()),
                Some("pusher:error") => bail!("the server sent {text}"),
                _ => Reaction::Nothing,
            },
            // The first digit is Engine.IO's: open, ping, message; the second is Socket.IO's, within a message.
            Self::SocketIo => match text.as_ref() {
                "2" => Reaction::Send("3".to_owned()),
                open if open.starts_with('0') => Reaction::Send("40".to_owned()),
                connected if connected.starts_with("40") => Reaction::Joined,
                refused if refused.starts_with("44") => bail!("the server sent {refused}"),
                _ => Reaction::Nothing,
            },
            Self::Bare => Reaction::Nothing,
        })
    }

    /// The HTTP request, whole, that publishes `data`; those without channels have everybody in one.
    pub(crate) fn publish_request(&self, address: &str, channel: &str, data: &str) -> Result<String> {
        let (target, content_type, body) = match self {
            Self::Pusher(app) => {
                let path = format!("/apps/{}/events", app.id);
                let body = json!({"name": "event", "channel": channel, "data": data}).to_string();
                (format!("{path}?{}", app.sign(&path, &body)?), "application/json", body)
            }
            Self::SocketIo | Self::Bare => ("/publish".to_owned(), "text/plain", data.to_owned()),
        };
        let length = body.len();
        Ok(format!(
            "POST {target} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }
}

impl App {
    /// The one that a Hubbub is started with to be measured. Its id is a number, as Hubbub wants it.
    pub(crate) fn of_the_bench() -> Self {
        Self { id: "1".to_owned(), key: "bench-key".to_owned(), secret: "bench-secret".to_owned() }
    }

    /// The signed query of a call.
    fn sign(&self, path: &str, body: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let digest = hex::encode(Md5::digest(body));
        let query = format!("auth_key={}&auth_timestamp={now}&auth_version=1.0&body_md5={digest}", self.key);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())?;
        mac.update(format!("POST\n{path}\n{query}").as_bytes());
        Ok(format!("{query}&auth_signature={}", hex::encode(mac.finalize().into_bytes())))
    }
}

/// Data of an event: its number, padded to `bytes`.
pub(crate) fn data_of(number: usize, bytes: usize) -> String {
    let padding = "x".repeat(bytes.saturating_sub(r#"{"number":00000000,"padding":""}"#.len()));
    format!(r#"{{"number":{number:08},"padding":"{padding}"}}"#)
}

/// The number in a frame's data, which is JSON, or JSON within a JSON text.
pub(crate) fn number_of(frame: &[u8]) -> Option<usize> {
    const BEFORE: &[u8] = b"\"number";
    let name = frame.windows(BEFORE.len()).position(|bytes| bytes == BEFORE)? + BEFORE.len();
    let begin = name + frame.get(name..)?.iter().position(u8::is_ascii_digit)?;
    std::str::from_utf8(frame.get(begin..begin + 8)?).ok()?.parse().ok()
}

fn event_name(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(r#""event":""#)?;
    rest.split('"').next()
}
