//! Publishes by the Pusher HTTP API over a connection that stays open.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

/// The channel that everything goes through.
pub(crate) const CHANNEL: &str = "bench";

/// An app of the server.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// One connection to the API.
pub(crate) struct Publisher {
    app: App,
    address: String,
    stream: TcpStream,
}

impl Publisher {
    pub(crate) fn connect(address: &str, app: App) -> Result<Self> {
        let stream = TcpStream::connect(address).context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Self { app, address: address.to_owned(), stream })
    }

    /// Publishes event `number`, padded to `bytes` of data, and waits for the answer.
    pub(crate) fn publish(&mut self, number: usize, bytes: usize) -> Result<()> {
        self.publish_to(CHANNEL, number, bytes)
    }

    /// The same to another channel.
    pub(crate) fn publish_to(&mut self, channel: &str, number: usize, bytes: usize) -> Result<()> {
        let padding = "x".repeat(bytes.saturating_sub(r#"{"number":00000000,"padding":""}"#.len()));
        let data = format!(r#"{{"number":{number:08},"padding":"{padding}"}}"#);
        let body = serde_json::json!({"name": "event", "channel": channel, "data": data}).to_string();
        let path = format!("/apps/{}/events", self.app.id);
        let query = self.sign(&path, &body)?;
        let request = format!(
            "POST {path}?{query} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.write_all(request.as_bytes())?;
        self.read_answer()
    }

    /// The signed query of a call.
    fn sign(&self, path: &str, body: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let digest = hex::encode(Md5::digest(body));
        let query = format!("auth_key={}&auth_timestamp={now}&auth_version=1.0&body_md5={digest}", self.app.key);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.app.secret.as_bytes())?;
        mac.update(format!("POST\n{path}\n{query}").as_bytes());
        Ok(format!("{query}&auth_signature={}", hex::encode(mac.finalize().into_bytes())))
    }

    fn read_answer(&mut self) -> Result<()> {
        let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let count = self.stream.read(&mut chunk)?;
            ensure!(count > 0, "the server hung up");
            answer.extend(&chunk[..count]);
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
            });
            if body.len() >= length.context("an answer without a length")?? {
                ensure!(head.starts_with("HTTP/1.1 200"), "a publish was answered {text}");
                return Ok(());
            }
        }
    }
}
