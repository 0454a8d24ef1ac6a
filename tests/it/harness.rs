//! A server for one test, and people who use it.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use hubbub::app::{Application, Reloader};
use hubbub::config::{Secret, ServeConfig};
use reqwest::header::HeaderMap;
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const APP_KEY: &str = "app-key";
pub(crate) const APP_SECRET: &str = "app-secret";
/// How long a test waits for what must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// A server of its own, on a directory of its own.
pub(crate) struct Server {
    address: SocketAddr,
    data_dir: TempDir,
    config: ServeConfig,
    /// `None` without sockets.
    reloader: Option<Reloader>,
    /// Ends the server when it is sent to or dropped.
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<io::Result<()>>,
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    serve: ServeConfig,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server whose settings `change` has changed. Everybody may sign up, and hashing a password is cheap.
    pub(crate) async fn start_with(change: impl FnOnce(&mut ServeConfig)) -> Self {
        let data_dir = tempfile::tempdir().expect("a directory");
        let mut config = settings(data_dir.path());
        change(&mut config);
        let (address, reloader, stop, ended) = run(config.clone()).await;
        Self { address, data_dir, config, reloader, stop: Some(stop), ended }
    }

    /// Ends the server in order and starts it again on the same data, on another port.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        (&mut self.ended).await.expect("no panic").expect("an orderly end");
        let (address, reloader, stop, ended) = run(self.config.clone()).await;
        (self.address, self.reloader, self.stop, self.ended) = (address, reloader, Some(stop), ended);
    }

    /// Tells the server to end, as Ctrl-C would.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    /// Reads the file of apps again, as SIGHUP would.
    pub(crate) fn reload(&self) -> Result<(), String> {
        self.reloader.as_ref().expect("sockets").reload().map_err(|error| error.to_string())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Somebody without a token.
    pub(crate) fn stranger(&self) -> Person {
        let client = client_builder().cookie_store(true).build().expect("a client");
        Person { client, base: self.url(""), token: None, id: 0 }
    }

    /// Somebody who just signed up. The first one is the administrator.
    pub(crate) async fn sign_up(&self, username: &str) -> Person {
        let mut person = self.stranger();
        let answer = person.post("/api/v1/users", &json!({"username": username, "password": PASSWORD})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        person.token = Some(answer.string("/access_token"));
        person.id = answer.number("/user/id");
        person
    }
}

/// What a client is built with. A process chooses its cryptography once, and a test may do so before any server.
pub(crate) fn client_builder() -> ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(DEADLINE)
}

/// A number from the environment, by which `make torture` makes a test longer, or a failure is repeated.
pub(crate) fn setting<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value:?}")))
}

async fn run(config: ServeConfig) -> (SocketAddr, Option<Reloader>, oneshot::Sender<()>, JoinHandle<io::Result<()>>) {
    let application = Application::build(config).await.expect("a server");
    let (address, reloader) = (application.address(), application.reloader());
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = actix_web::rt::spawn(application.run_until(async {
        // Sent or dropped, both mean the end.
        let _ = stopped.await;
    }));
    (address, reloader, stop, ended)
}

/// The settings of a server for a test.
pub(crate) fn settings(data_dir: &Path) -> ServeConfig {
    let command = "hubbub --listen 127.0.0.1:0 --sign-up open --workers 1 --read-connections 1 --password-memory-kib 8 \
                   --password-threads 1 --sign-ins-per-minute 1000 --shutdown-spread-secs 0 --presence-hold-ms 0 --data-dir";
    let words = command.split_whitespace().map(OsString::from).chain([data_dir.into()]);
    let mut config = Command::try_parse_from(words).expect("settings").serve;
    config.socket.app_id = Some("1".to_owned());
    config.socket.app_key = Some(APP_KEY.to_owned());
    config.socket.app_secret = Some(Secret::from(APP_SECRET.to_owned()));
    config
}

/// Somebody who uses the API, with or without a token.
#[derive(Clone)]
pub(crate) struct Person {
    client: Client,
    base: String,
    pub(crate) token: Option<String>,
    pub(crate) id: i64,
}

impl Person {
    /// The same client with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Turns to a server that was started again.
    pub(crate) fn move_to(&mut self, server: &Server) {
        self.base = server.url("");
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// Posts a body exactly as it is.
    pub(crate) async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.request(Method::POST, path).header("content-type", content_type).body(body)).await
    }

    /// Makes a room; answers its id.
    pub(crate) async fn create_room(&self, name: &str, kind: &str) -> i64 {
        let answer = self.post("/api/v1/rooms", &json!({"name": name, "kind": kind})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.number("/id")
    }

    /// Posts a message; answers it.
    pub(crate) async fn say(&self, room: i64, text: &str) -> Value {
        let answer = self.post(&format!("/api/v1/rooms/{room}/messages"), &json!({"body": text})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json
    }

    pub(crate) async fn join(&self, room: i64) {
        let answer = self.post(&format!("/api/v1/rooms/{room}/join"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    /// What stands in a room for this person: the bodies of its messages.
    pub(crate) async fn bodies(&self, room: i64) -> Vec<String> {
        let answer = self.get(&format!("/api/v1/rooms/{room}/messages")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json["items"].as_array().expect("a list").iter().map(|item| text(&item["body"])).collect()
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null when the body is not JSON.
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.expect("an answer")).await
    }

    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a whole body");
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, json }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    pub(crate) fn string(&self, pointer: &str) -> String {
        text(self.json.pointer(pointer).unwrap_or(&Value::Null))
    }

    pub(crate) fn number(&self, pointer: &str) -> i64 {
        self.json.pointer(pointer).and_then(Value::as_i64).unwrap_or_else(|| panic!("no {pointer} in {}", self.text))
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Asserts that this is a problem of that status and code, in the form that all problems have. Answers its detail.
    pub(crate) fn expect_problem(&self, status: u16, code: &str) -> String {
        assert_eq!((self.status.as_u16(), self.string("/code").as_str()), (status, code), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["status"], status);
        assert_eq!(self.json["type"], format!("urn:hubbub:problem:{code}"));
        assert_eq!(self.string("/request_id"), self.header("x-request-id"));
        let waits = matches!(status, 429 | 503);
        assert_eq!(self.headers.contains_key("retry-after"), waits, "Retry-After stands on 429 and 503");
        self.string("/detail")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text but {value}")).to_owned()
}
