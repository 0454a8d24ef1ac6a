//! A Pusher client: a socket as the page or any other client would hold it.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hubbub::pusher::signature::{sign_channel, sign_user};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::person::Person;
use super::settings::{APP_KEY, APP_SECRET, DEADLINE, Listening};

/// How long a client looks for frames before it does something else.
const MOMENT: Duration = Duration::from_millis(5);

/// A connected socket of an app whose secret the tests know.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) id: String,
    key: String,
    secret: String,
}

/// A frame that came: its event, its channel and what its data says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) event: String,
    pub(crate) channel: String,
    pub(crate) data: Value,
}

/// What ends a conversation.
#[derive(Debug, PartialEq)]
pub(crate) struct Closed {
    pub(crate) code: u16,
    /// The texts that came before the end.
    pub(crate) texts: Vec<String>,
}

impl Socket {
    /// A socket of the chat's own app, after the handshake.
    pub(crate) async fn open(server: &impl Listening) -> Self {
        Self::open_app(server, APP_KEY, APP_SECRET).await
    }

    /// A socket of another app, after the handshake.
    pub(crate) async fn open_app(server: &impl Listening, key: &str, secret: &str) -> Self {
        let path = format!("/app/{key}?protocol=7&client=test&version=1.0");
        let mut socket = Self::connect(server, &path, &[]).await;
        let established = socket.next().await;
        assert_eq!(established.event, "pusher:connection_established", "{established:?}");
        socket.id = established.data["socket_id"].as_str().expect("a socket id").to_owned();
        (socket.key, socket.secret) = (key.to_owned(), secret.to_owned());
        socket
    }

    /// A socket of the chat's own app; `None` when the server cannot be reached, or closes at once.
    pub(crate) async fn try_open(server: &impl Listening) -> Option<Self> {
        let url = server.url(&format!("/app/{APP_KEY}?protocol=7")).replace("http:", "ws:");
        let (stream, _) = timeout(DEADLINE, connect_async(url)).await.ok()?.ok()?;
        let mut socket = Self { stream, id: String::new(), key: APP_KEY.to_owned(), secret: APP_SECRET.to_owned() };
        socket.id = socket.receive().await?.data["socket_id"].as_str()?.to_owned();
        Some(socket)
    }

    /// An upgraded connection, whatever comes first on it.
    pub(crate) async fn connect(server: &impl Listening, path: &str, headers: &[(&'static str, &str)]) -> Self {
        let mut request = server.url(path).replace("http:", "ws:").into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        let (stream, _) = connect_async(request).await.expect("an upgrade");
        Self { stream, id: String::new(), key: String::new(), secret: String::new() }
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_message(Message::text(frame.to_string())).await.expect("sent");
    }

    pub(crate) async fn send_message(&mut self, message: Message) -> io::Result<()> {
        self.stream.send(message).await.map_err(io::Error::other)
    }

    /// Sends many frames at once.
    pub(crate) async fn send_all(&mut self, frames: impl IntoIterator<Item = Value>) {
        for frame in frames {
            self.stream.feed(Message::text(frame.to_string())).await.expect("sent");
        }
        self.stream.flush().await.expect("sent");
    }

    /// The connection below the frames.
    pub(crate) fn connection(&mut self) -> &mut TcpStream {
        match self.stream.get_mut() {
            MaybeTlsStream::Plain(stream) => stream,
            _ => panic!("tests speak plain HTTP"),
        }
    }

    /// Joins a private or presence channel as that person.
    pub(crate) async fn join(&mut self, person: &Person, channel: &str) {
        self.ask_to_join(person, channel).await;
        let answer = self.next().await;
        assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
    }

    /// Shows the right to a channel as that person; the answer is to be read.
    pub(crate) async fn ask_to_join(&mut self, person: &Person, channel: &str) {
        let request = json!({"socket_id": self.id, "channel_name": channel});
        let mut data = person.post("/broadcasting/auth", &request).await.expect(200).json;
        data["channel"] = channel.into();
        self.send(json!({"event": "pusher:subscribe", "data": data})).await;
    }

    /// The frame that joins a channel, signed as the application would.
    pub(crate) fn subscribe_frame(&self, channel: &str, channel_data: Option<&str>) -> Value {
        let signature = sign_channel(&self.secret, &self.id, channel, channel_data);
        let mut data = json!({"channel": channel, "auth": format!("{}:{signature}", self.key)});
        if let Some(channel_data) = channel_data {
            data["channel_data"] = channel_data.into();
        }
        json!({"event": "pusher:subscribe", "data": data})
    }

    /// Joins a channel of any kind with a good signature; answers the data of `subscription_succeeded`.
    pub(crate) async fn subscribe(&mut self, channel: &str, channel_data: Option<&str>) -> Value {
        self.send(self.subscribe_frame(channel, channel_data)).await;
        self.expect("pusher_internal:subscription_succeeded").await.data
    }

    /// Joins a channel, whatever else comes meanwhile; `None` when the socket is closed or nothing comes in time.
    pub(crate) async fn try_subscribe(&mut self, channel: &str, channel_data: Option<&str>) -> Option<Frame> {
        let frame = Message::text(self.subscribe_frame(channel, channel_data).to_string());
        self.send_message(frame).await.ok()?;
        loop {
            let frame = timeout(DEADLINE, self.receive()).await.ok()??;
            if frame.event == "pusher_internal:subscription_succeeded" && frame.channel == channel {
                return Some(frame);
            }
        }
    }

    /// Joins a presence channel as this user; answers the ids of who is there, in order.
    pub(crate) async fn appear_among(&mut self, channel: &str, user_id: &str) -> Vec<String> {
        let data = self.appear(channel, user_id).await;
        let ids = data["presence"]["ids"].as_array().expect("a list").iter();
        let mut ids: Vec<_> = ids.map(|id| id.as_str().expect("text").to_owned()).collect();
        ids.sort();
        ids
    }

    /// Leaves a channel; when this returns, the server has noticed.
    pub(crate) async fn leave(&mut self, channel: &str) {
        self.unsubscribe(channel).await;
        self.expect_silence().await;
    }

    /// Joins a presence channel as this user; answers the data of `subscription_succeeded`.
    pub(crate) async fn appear(&mut self, channel: &str, user_id: &str) -> Value {
        let channel_data = json!({"user_id": user_id, "user_info": {"name": user_id}}).to_string();
        self.subscribe(channel, Some(&channel_data)).await
    }

    /// Asks for a channel, and is refused: the status of the refusal.
    pub(crate) async fn refused(&mut self, frame: Value) -> i64 {
        self.send(frame).await;
        let refusal = self.expect("pusher:subscription_error").await;
        refusal.data["status"].as_i64().expect("a status")
    }

    /// Asks for a channel; whether it is refused.
    pub(crate) async fn try_refused(&mut self, channel: &str) -> bool {
        self.send(self.subscribe_frame(channel, None)).await;
        self.next().await.event == "pusher:subscription_error"
    }

    pub(crate) async fn unsubscribe(&mut self, channel: &str) {
        self.send(json!({"event": "pusher:unsubscribe", "data": {"channel": channel}})).await;
    }

    pub(crate) fn sign_in_frame(&self, user_data: &str) -> Value {
        let signature = sign_user(&self.secret, &self.id, user_data);
        json!({"event": "pusher:signin", "data": {"auth": format!("{}:{signature}", self.key), "user_data": user_data}})
    }

    pub(crate) async fn sign_in(&mut self, user_data: &str) {
        self.send(self.sign_in_frame(user_data)).await;
        self.expect("pusher:signin_success").await;
    }

    /// The next frame, which must be of this event.
    pub(crate) async fn expect(&mut self, event: &str) -> Frame {
        let frame = self.next().await;
        assert_eq!(frame.event, event, "{frame:?}");
        frame
    }

    /// The code of the `pusher:error` that comes next.
    pub(crate) async fn error_code(&mut self) -> i64 {
        self.expect("pusher:error").await.data["code"].as_i64().expect("a code")
    }

    /// Asserts that nothing more has come: what is asked for now is answered next.
    pub(crate) async fn expect_silence(&mut self) {
        self.send(json!({"event": "pusher:ping", "data": {}})).await;
        self.expect("pusher:pong").await;
    }

    /// The next frame, within the deadline.
    pub(crate) async fn next(&mut self) -> Frame {
        Frame::parse(&self.next_text().await)
    }

    /// The next frame, whenever it comes; `None` when the socket is closed.
    pub(crate) async fn receive(&mut self) -> Option<Frame> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return Some(Frame::parse(&text)),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// A frame that has arrived, or arrives within a moment; `None` when nothing does, or the socket is closed.
    pub(crate) async fn try_next(&mut self) -> Option<Frame> {
        match timeout(MOMENT, self.stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => Some(Frame::parse(&text)),
            Ok(_) | Err(_) => None,
        }
    }

    /// The text of the next frame, to the letter.
    pub(crate) async fn next_text(&mut self) -> String {
        loop {
            let message =
                timeout(DEADLINE, self.stream.next()).await.expect("in time").expect("open").expect("readable");
            match message {
                Message::Text(text) => return text.to_string(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The next message of any kind.
    pub(crate) async fn next_message(&mut self) -> Message {
        timeout(DEADLINE, self.stream.next()).await.expect("in time").expect("open").expect("readable")
    }

    /// A message of any kind that comes within this time; `None` when nothing does, or the socket is closed.
    pub(crate) async fn message_within(&mut self, time: Duration) -> Option<Message> {
        timeout(time, self.stream.next()).await.ok()??.ok()
    }

    /// Waits for the server to close; answers how.
    pub(crate) async fn closed(&mut self) -> Closed {
        let mut closed = Closed { code: 0, texts: Vec::new() };
        loop {
            match timeout(DEADLINE, self.stream.next()).await.expect("in time") {
                Some(Ok(Message::Text(text))) => closed.texts.push(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    closed.code = frame.map_or(0, |frame| frame.code.into());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return closed,
            }
        }
    }

    /// Asserts that the server says this code in a `pusher:error`, and closes with the same.
    pub(crate) async fn expect_refusal(&mut self, code: u16) {
        let closed = self.closed().await;
        let last = closed.texts.last().unwrap_or_else(|| panic!("no frame before the close: {closed:?}"));
        let error: Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(error["event"], "pusher:error", "{last}");
        assert_eq!((error["data"]["code"].as_u64(), closed.code), (Some(code.into()), code), "{last}");
    }
}

impl Frame {
    fn parse(text: &str) -> Self {
        let frame: Value = serde_json::from_str(text).expect("JSON");
        let text_of = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
        let data = match &frame["data"] {
            Value::String(data) => serde_json::from_str(data).unwrap_or_else(|_| Value::String(data.clone())),
            data => data.clone(),
        };
        Self { event: text_of("event"), channel: text_of("channel"), data }
    }
}
