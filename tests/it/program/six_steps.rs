//! The example `six-steps`: the whole chat in one file, from outside.

// The test starts the server itself.
#[allow(dead_code)]
#[path = "../../../examples/six-steps/main.rs"]
mod example;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use actix_web::dev::ServerHandle;
use futures_util::StreamExt;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::settings::{DEADLINE, client_builder};

struct Chat {
    address: SocketAddr,
    handle: ServerHandle,
    client: Client,
}

impl Chat {
    /// Starts the example on a free port.
    fn start(directory: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let database = directory.join("chat.db");
        let server = example::start(listener, database.to_str().expect("UTF-8")).expect("a server");
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle, client: client_builder().build().expect("a client") }
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.address))
    }

    async fn token(&self, name: &str) -> String {
        let answer = self.post("/tokens").body(name.to_owned()).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.expect("a token")
    }

    async fn say(&self, token: &str, text: &str) -> Value {
        let answer = self.post("/messages").bearer_auth(token).json(&json!({"text": text})).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json().await.expect("the message")
    }

    async fn messages(&self, token: &str) -> Vec<Value> {
        let request = self.client.get(format!("http://{}/messages", self.address)).bearer_auth(token);
        request.send().await.expect("an answer").json().await.expect("the messages")
    }

    async fn listen(&self, token: &str) -> Result<Listener, Error> {
        self.listen_over(TcpSocket::new_v4().expect("a socket"), token).await
    }

    async fn listen_over(&self, socket: TcpSocket, token: &str) -> Result<Listener, Error> {
        let stream = socket.connect(self.address).await.expect("a connection");
        let (stream, _) = client_async(format!("ws://{}/socket?token={token}", self.address), stream).await?;
        Ok(Listener(stream))
    }
}

struct Listener(WebSocketStream<TcpStream>);

impl Listener {
    /// The message that is broadcast next.
    async fn next(&mut self) -> Value {
        let frame = timeout(DEADLINE, self.0.next()).await.expect("in time").expect("open").expect("readable");
        let mut event: Value = serde_json::from_str(frame.to_text().expect("a text")).expect("JSON");
        assert_eq!(event["event"], "message.posted");
        event["data"].take()
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

#[actix_web::test]
async fn a_posted_message_reaches_every_client_and_is_answered() {
    let directory = directory();
    let chat = Chat::start(directory.path());
    let (ada, grace) = (chat.token("Ada").await, chat.token("Grace").await);
    let mut listeners = [chat.listen(&ada).await.expect("a socket"), chat.listen(&grace).await.expect("a socket")];
    let answer = chat.say(&ada, " Hello <b>Grace</b> ").await;
    assert_eq!(answer, json!({"id": 1, "author": "Ada", "text": "Hello <b>Grace</b>"}));
    for listener in &mut listeners {
        assert_eq!(listener.next().await, answer);
    }
}

#[actix_web::test]
async fn without_a_token_nothing_is_posted_read_or_heard() {
    let directory = directory();
    let chat = Chat::start(directory.path());
    let ada = chat.token("Ada").await;
    let mut listener = chat.listen(&ada).await.expect("a socket");
    let forged = format!("{ada}x");
    for token in ["", &forged] {
        let post = chat.post("/messages").bearer_auth(token).json(&json!({"text": "refused"})).send().await;
        assert_eq!(post.expect("an answer").status(), StatusCode::UNAUTHORIZED);
        let list = chat.client.get(format!("http://{}/messages?token={token}", chat.address)).send().await;
        assert_eq!(list.expect("an answer").status(), StatusCode::UNAUTHORIZED);
        match chat.listen(token).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), 401),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("upgraded"),
        }
    }
    let accepted = chat.say(&ada, "accepted").await;
    assert_eq!(listener.next().await, accepted);
    assert_eq!(chat.messages(&ada).await, [accepted]);
}

#[actix_web::test]
async fn bad_input_is_refused_with_a_reason() {
    let directory = directory();
    let chat = Chat::start(directory.path());
    let ada = chat.token("Ada").await;
    let long = "x".repeat(2_001);
    for (body, status) in [
        (json!({"text": " \n"}).to_string(), 422),
        (json!({"text": long}).to_string(), 422),
        (json!({"words": "hello"}).to_string(), 400),
        ("hello".to_owned(), 400),
    ] {
        let request = chat.post("/messages").bearer_auth(&ada).header("content-type", "application/json");
        let answer = request.body(body.clone()).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{body}");
        assert!(!answer.text().await.expect("a text").is_empty(), "{body}");
    }
    let nameless = chat.post("/tokens").body(" ").send().await.expect("an answer");
    assert_eq!(nameless.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(chat.messages(&ada).await.is_empty());
}

#[actix_web::test]
async fn a_message_survives_a_restart() {
    let directory = directory();
    let chat = Chat::start(directory.path());
    let message = chat.say(&chat.token("Ada").await, "still here").await;
    chat.handle.stop(true).await;
    let chat = Chat::start(directory.path());
    let grace = chat.token("Grace").await;
    assert_eq!(chat.messages(&grace).await, [message]);
    assert_eq!(chat.say(&grace, "and so am I").await["id"], 2);
}

#[actix_web::test]
async fn a_client_that_does_not_read_delays_nobody_and_is_given_up() {
    let directory = directory();
    let chat = Chat::start(directory.path());
    let ada = chat.token("Ada").await;
    let mut reader = chat.listen(&ada).await.expect("a socket");
    // The kernel keeps little for a client that does not read.
    let narrow = TcpSocket::new_v4().expect("a socket");
    narrow.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut idler = chat.listen_over(narrow, &ada).await.expect("a socket");
    let text = "🦀".repeat(2_000);
    let count = 600;
    for _ in 0..count {
        let message = chat.say(&ada, &text).await;
        assert_eq!(reader.next().await, message);
    }
    let mut heard = 0;
    while let Some(Ok(Message::Text(_))) = timeout(DEADLINE, idler.0.next()).await.expect("in time") {
        heard += 1;
    }
    assert!((1..count).contains(&heard), "{heard} messages reached a client that did not read");
}

#[actix_web::test]
async fn the_page_is_served() {
    let directory = directory();
    let chat = Chat::start(directory.path());
    let page = chat.client.get(format!("http://{}/", chat.address)).send().await.expect("an answer");
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.expect("a text").contains("<h1>Six steps</h1>"));
}
