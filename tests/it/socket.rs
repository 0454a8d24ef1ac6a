//! A socket of a person, as the page would hold it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::{APP_KEY, DEADLINE, Person, Server};

/// How long a client looks for frames before it does something else.
const MOMENT: Duration = Duration::from_millis(5);

/// A connected socket.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: String,
}

/// A frame that came: its event, its channel and what its data says.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) event: String,
    pub(crate) channel: String,
    pub(crate) data: Value,
}

impl Socket {
    pub(crate) async fn open(server: &Server) -> Self {
        let url = server.url(&format!("/app/{APP_KEY}?protocol=7&client=test&version=1.0")).replace("http:", "ws:");
        let (stream, _) = connect_async(url).await.expect("an upgrade");
        let mut socket = Self { stream, id: String::new() };
        let established = socket.next().await;
        assert_eq!(established.event, "pusher:connection_established");
        socket.id = established.data["socket_id"].as_str().expect("a socket id").to_owned();
        socket
    }

    /// Joins a private or presence channel as that person.
    pub(crate) async fn join(&mut self, person: &Person, channel: &str) {
        let request = json!({"socket_id": self.id, "channel_name": channel});
        let mut data = person.post("/broadcasting/auth", &request).await.expect(200).json;
        data["channel"] = channel.into();
        let frame = json!({"event": "pusher:subscribe", "data": data});
        self.stream.send(Message::text(frame.to_string())).await.expect("sent");
        let answer = self.next().await;
        assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
    }

    /// A frame that has arrived, or arrives within a moment; `None` when nothing does, or the socket is closed.
    pub(crate) async fn try_next(&mut self) -> Option<Frame> {
        match timeout(MOMENT, self.stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => Some(Frame::parse(&text)),
            Ok(_) | Err(_) => None,
        }
    }

    /// The next frame, within the deadline.
    pub(crate) async fn next(&mut self) -> Frame {
        loop {
            let message =
                timeout(DEADLINE, self.stream.next()).await.expect("in time").expect("open").expect("readable");
            if let Message::Text(text) = message {
                return Frame::parse(&text);
            }
        }
    }
}

impl Frame {
    fn parse(text: &str) -> Self {
        let frame: Value = serde_json::from_str(text).expect("JSON");
        let text_of = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
        let data = match &frame["data"] {
            Value::String(data) => serde_json::from_str(data).expect("JSON in a text"),
            data => data.clone(),
        };
        Self { event: text_of("event"), channel: text_of("channel"), data }
    }
}
