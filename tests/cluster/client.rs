//! A socket, and a person's HTTP calls.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hubbub::pusher::signature::{sign_channel, sign_user};
use hubbub::pusher::{ApiCall, sign_call};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::node::{APP_KEY, APP_SECRET, Node};

pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// A client for HTTP. A process chooses its cryptography once.
pub(crate) fn http() -> Client {
    // Another test may have chosen it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(DEADLINE).build().expect("a client")
}

/// A frame: its event, its channel and what its data says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) event: String,
    pub(crate) channel: String,
    pub(crate) data: Value,
}

/// A connected socket of the chat's own app.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) id: String,
}

impl Socket {
    pub(crate) async fn open(address: SocketAddr) -> Option<Self> {
        let url = format!("ws://{address}/app/{APP_KEY}?protocol=7");
        let (stream, _) = timeout(DEADLINE, connect_async(url)).await.ok()?.ok()?;
        let mut socket = Self { stream, id: String::new() };
        let frame = socket.next().await?;
        socket.id = frame.data["socket_id"].as_str()?.to_owned();
        Some(socket)
    }

    /// Joins a channel that needs a right.
    pub(crate) async fn subscribe(&mut self, channel: &str, channel_data: Option<&str>) -> Option<Frame> {
        let signature = sign_channel(APP_SECRET, &self.id, channel, channel_data);
        let mut data = json!({"channel": channel, "auth": format!("{APP_KEY}:{signature}")});
        if let Some(channel_data) = channel_data {
            data["channel_data"] = channel_data.into();
        }
        self.send(&json!({"event": "pusher:subscribe", "data": data})).await?;
        loop {
            let frame = timeout(DEADLINE, self.next()).await.ok()??;
            if frame.event == "pusher_internal:subscription_succeeded" && frame.channel == channel {
                return Some(frame);
            }
        }
    }

    /// Joins a presence channel as this user; answers who is there.
    pub(crate) async fn appear(&mut self, channel: &str, user_id: &str) -> Vec<String> {
        let data = json!({"user_id": user_id, "user_info": {"name": user_id}}).to_string();
        let frame = self.subscribe(channel, Some(&data)).await.expect("let in");
        let ids = frame.data["presence"]["ids"].as_array().expect("a list").iter();
        let mut ids: Vec<_> = ids.map(|id| id.as_str().expect("text").to_owned()).collect();
        ids.sort();
        ids
    }

    pub(crate) async fn leave(&mut self, channel: &str) {
        self.send(&json!({"event": "pusher:unsubscribe", "data": {"channel": channel}})).await.expect("open");
        self.expect_silence().await;
    }

    pub(crate) async fn sign_in(&mut self, user_id: &str) {
        let user = json!({"id": user_id}).to_string();
        let auth = format!("{APP_KEY}:{}", sign_user(APP_SECRET, &self.id, &user));
        let frame = json!({"event": "pusher:signin", "data": {"auth": auth, "user_data": user}});
        self.send(&frame).await.expect("open");
        self.expect("pusher:signin_success").await;
    }

    pub(crate) async fn send(&mut self, frame: &Value) -> Option<()> {
        self.stream.send(Message::text(frame.to_string())).await.ok()
    }

    /// The next frame; `None` when the socket is closed.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return Some(Frame::parse(&text)),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The code with which the server closes.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match timeout(DEADLINE * 3, self.stream.next()).await.expect("in time") {
                Some(Ok(Message::Close(frame))) => return frame.map_or(0, |frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return 0,
            }
        }
    }

    /// The next frame within the deadline, which must be of this event.
    pub(crate) async fn expect(&mut self, event: &str) -> Frame {
        let frame = timeout(DEADLINE, self.next()).await.unwrap_or_else(|_| panic!("no {event} in time"));
        let frame = frame.unwrap_or_else(|| panic!("closed before {event}"));
        assert_eq!(frame.event, event, "{frame:?}");
        frame
    }

    /// The event of the next frame within the deadline.
    pub(crate) async fn expect_any(&mut self) -> String {
        timeout(DEADLINE, self.next()).await.expect("a frame in time").expect("open").event
    }

    /// Asserts that nothing more has come: what is asked for now is answered next.
    pub(crate) async fn expect_silence(&mut self) {
        self.send(&json!({"event": "pusher:ping", "data": {}})).await.expect("open");
        self.expect("pusher:pong").await;
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

/// A person with a token that every node with the database knows.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) token: String,
    pub(crate) id: i64,
}

impl Person {
    pub(crate) async fn sign_up(node: &Node, username: &str) -> Self {
        let client = http();
        let person = json!({"username": username, "password": "correct horse battery"});
        let answer = client.post(node.url("/api/v1/users")).json(&person).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        let session: Value = answer.json().await.expect("JSON");
        let token = session["access_token"].as_str().expect("a token").to_owned();
        Self { client, token, id: session["user"]["id"].as_i64().expect("an id") }
    }

    pub(crate) async fn create_room(&self, node: &Node, name: &str) -> i64 {
        let request = self.client.post(node.url("/api/v1/rooms")).json(&json!({"name": name, "kind": "open"}));
        let answer = request.bearer_auth(&self.token).send().await.expect("an answer");
        let room: Value = answer.json().await.expect("JSON");
        room["id"].as_i64().unwrap_or_else(|| panic!("no room but {room}"))
    }

    pub(crate) async fn call(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let answer = request.bearer_auth(&self.token).send().await.expect("an answer");
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// The head of a room's log.
    pub(crate) async fn head(&self, node: &Node, room: i64) -> i64 {
        let url = node.url(&format!("/api/v1/rooms/{room}"));
        self.call(self.client.get(url)).await.1["last_seq"].as_i64().expect("a head")
    }
}

/// Returns when what a node has told the others before has reached the server between them: what it asks now comes behind.
pub(crate) async fn settle(node: &Node) {
    api(node, "GET", "/channels", &[], None).await;
}

/// A call of the Pusher HTTP API, signed by the chat's own app.
pub(crate) async fn api(node: &Node, method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>) -> Value {
    let path = format!("/apps/1{path}");
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let call = ApiCall { method, path: &path, query: &query, body: body.as_bytes() };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let query = sign_call(call, APP_KEY, APP_SECRET, now);
    let client = http();
    let request = match method {
        "GET" => client.get(node.url(&path)),
        _ => client.post(node.url(&path)).header("content-type", "application/json").body(body),
    };
    let answer = request.query(&query).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.expect("JSON")
}
