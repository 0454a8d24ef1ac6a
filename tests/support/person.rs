//! Somebody who uses the HTTP API, and the answers.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::settings::{Listening, PASSWORD, client_builder};

/// Somebody who uses the API, with or without a token.
#[derive(Clone)]
pub(crate) struct Person {
    client: Client,
    base: String,
    pub(crate) token: Option<String>,
    pub(crate) id: i64,
}

impl Person {
    /// Somebody without a token.
    pub(crate) fn stranger(server: &impl Listening) -> Self {
        let client = client_builder().cookie_store(true).build().expect("a client");
        Self { client, base: server.url(""), token: None, id: 0 }
    }

    /// Somebody who just signed up. The first one is the administrator.
    pub(crate) async fn sign_up(server: &impl Listening, username: &str) -> Self {
        let mut person = Self::stranger(server);
        let answer = person.post("/api/v1/users", &json!({"username": username, "password": PASSWORD})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        person.token = Some(answer.string("/access_token"));
        person.id = answer.number("/user/id");
        person
    }

    /// The same client with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Turns to a server that was started again.
    pub(crate) fn move_to(&mut self, server: &impl Listening) {
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
