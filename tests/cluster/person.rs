//! Somebody who uses the HTTP API of several nodes.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::process::ServerProcess;
use crate::support::publisher::Publisher;
use crate::support::settings::{PASSWORD, client_builder};

/// A client for HTTP.
pub(crate) fn http() -> Client {
    client_builder().build().expect("a client")
}

/// A person with a token that every node with the database knows.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) token: String,
    pub(crate) id: i64,
}

impl Person {
    pub(crate) async fn sign_up(node: &ServerProcess, username: &str) -> Self {
        let client = http();
        let person = json!({"username": username, "password": PASSWORD});
        let answer = client.post(node.url("/api/v1/users")).json(&person).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        let session: Value = answer.json().await.expect("JSON");
        let token = session["access_token"].as_str().expect("a token").to_owned();
        Self { client, token, id: session["user"]["id"].as_i64().expect("an id") }
    }

    pub(crate) async fn create_room(&self, node: &ServerProcess, name: &str) -> i64 {
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
    pub(crate) async fn head(&self, node: &ServerProcess, room: i64) -> i64 {
        let url = node.url(&format!("/api/v1/rooms/{room}"));
        self.call(self.client.get(url)).await.1["last_seq"].as_i64().expect("a head")
    }
}

/// Returns when what a node has told the others before has reached the server between them: what it asks now comes behind.
pub(crate) async fn settle(node: &ServerProcess) {
    Publisher::of(node).get("/channels", &[]).await.expect(200);
}
