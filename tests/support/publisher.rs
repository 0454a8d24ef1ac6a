//! Another application, as it would use the Pusher HTTP API.

use std::time::{SystemTime, UNIX_EPOCH};

use hubbub::pusher::{ApiCall, sign_call};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::person::Answer;
use super::settings::{APP_KEY, APP_SECRET, Listening, client_builder};

/// An application that knows its credentials.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// A call, before or after something is done to it.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) idempotency_key: Option<String>,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

impl Publisher {
    /// The chat's own app.
    pub(crate) fn of(server: &impl Listening) -> Self {
        Self::new(server, "1", APP_KEY, APP_SECRET)
    }

    pub(crate) fn new(server: &impl Listening, id: &str, key: &str, secret: &str) -> Self {
        let client = client_builder().build().expect("a client");
        let [id, key, secret] = [id, key, secret].map(str::to_owned);
        Self { client, base: server.url(""), id, key, secret }
    }

    /// A call that is signed at the time `now`.
    pub(crate) fn call_at(&self, now: u64, method: Method, path: &str, query: &[(&str, &str)], body: &str) -> Call {
        let path = format!("/apps/{}{path}", self.id);
        let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let call = ApiCall { method: method.as_str(), path: &path, query: &query, body: body.as_bytes() };
        let query = sign_call(call, &self.key, &self.secret, now);
        Call { method, path, query, body: body.to_owned(), idempotency_key: None }
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        let Call { method, path, query, body, idempotency_key } = call;
        let request = self.client.request(method, format!("{}{path}", self.base)).query(&query);
        let request = request.header("content-type", "application/json").body(body);
        Answer::of(match idempotency_key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.send(self.call_at(now(), Method::GET, path, query, "")).await
    }

    pub(crate) fn post_call(&self, path: &str, body: &Value) -> Call {
        self.call_at(now(), Method::POST, path, &[], &body.to_string())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.post_call(path, body)).await
    }

    /// Publishes an event to a channel, which must be accepted with the answer `{}`.
    pub(crate) async fn publish(&self, channel: &str, event: &str, data: &str) {
        let answer = self.post("/events", &json!({"name": event, "data": data, "channel": channel})).await.expect(200);
        assert_eq!(answer.text, "{}");
    }
}
