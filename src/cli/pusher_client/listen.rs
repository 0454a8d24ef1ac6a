//! `hubbub listen`: prints the events of channels, as a Pusher client.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::app::install_cryptography;
use crate::config::PusherServer;
use crate::pusher::{ChannelKind, ChannelName, signature};

use super::server::{ServerArgs, ServerError};

/// Which channels, and as whom.
#[derive(Debug, Args)]
#[command(after_help = "Example: hubbub listen cache-score private-orders | jq .data")]
pub(in crate::cli) struct ListenArgs {
    /// The channels; the command signs the authorization of private and presence channels itself
    #[arg(required = true, value_name = "CHANNEL")]
    channels: Vec<String>,
    /// User id in presence channels
    #[arg(long, default_value = "hubbub-listen", value_name = "ID")]
    user_id: String,
    /// Stop after this many events
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Why the command stops.
#[derive(Debug, Error)]
pub(in crate::cli) enum ListenError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("the server cannot be reached: {0}")]
    Connect(#[from] Box<SocketError>),
    #[error("the server did not send pusher:connection_established")]
    NotEstablished,
    #[error("the server refused the channel {channel}: {reason}")]
    ChannelRefused { channel: String, reason: Value },
    #[error("the server closed with {code}: {reason}")]
    Closed { code: u16, reason: String },
    /// Codes 41xx and 42xx: reconnect later.
    #[error("the server asks to reconnect later ({code}): {reason}")]
    Reconnect { code: u16, reason: String },
    #[error("the output: {0}")]
    Output(#[from] io::Error),
}

/// How long the server may take for the handshake, and to answer a ping.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The delay before reconnecting.
const PAUSE: Duration = Duration::from_secs(1);

/// What the server sends: `data` is a text that holds JSON, or JSON itself.
#[derive(Deserialize)]
struct ServerFrame {
    event: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    user_id: Option<String>,
}

/// A line of the output: `{"channel":"c","event":"e","data":{…}}`.
#[derive(Serialize)]
struct OutputLine<'a> {
    channel: &'a str,
    event: &'a str,
    data: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

/// A connection after the established.
struct Connection {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    socket_id: String,
    /// Inactivity after which the server is pinged.
    activity_timeout: Duration,
}

/// Prints events until there are enough, the output is closed, or the server refuses.
pub(in crate::cli) async fn listen(args: ListenArgs) -> Result<(), ListenError> {
    match print_all(args).await {
        Err(ListenError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

async fn print_all(args: ListenArgs) -> Result<(), ListenError> {
    install_cryptography();
    let server = args.server.find()?;
    let mut left = args.count.unwrap_or(u64::MAX);
    // A first connection that fails is an error: the URL is probably wrong. A later one is tried again: the server restarts.
    let mut connection = Connection::open(&server).await?;
    loop {
        connection.subscribe(&args, &server).await?;
        if connection.print_events(&mut left).await?.is_break() {
            return Ok(());
        }
        eprintln!("hubbub: connection lost, reconnecting");
        connection = loop {
            sleep(PAUSE).await;
            match Connection::open(&server).await {
                Err(error @ (ListenError::Connect(_) | ListenError::Reconnect { .. })) => eprintln!("hubbub: {error}"),
                other => break other?,
            }
        };
    }
}

impl Connection {
    async fn open(server: &PusherServer) -> Result<Self, ListenError> {
        #[derive(Deserialize)]
        struct Established {
            socket_id: String,
            activity_timeout: u64,
        }
        let (mut stream, _) = connect_async(server.socket_url()).await.map_err(Box::new)?;
        let first =
            timeout(ANSWER_TIMEOUT, next_text(&mut stream)).await.map_err(|_| ListenError::NotEstablished)??;
        let heard: ServerFrame =
            first.and_then(|text| serde_json::from_str(&text).ok()).ok_or(ListenError::NotEstablished)?;
        if heard.event == "pusher:error" {
            return Err(refusal(&heard.data));
        }
        let established: Established =
            serde_json::from_value(decoded(heard.data)).map_err(|_| ListenError::NotEstablished)?;
        let activity_timeout = Duration::from_secs(established.activity_timeout.max(1));
        Ok(Self { stream, socket_id: established.socket_id, activity_timeout })
    }

    async fn subscribe(&mut self, args: &ListenArgs, server: &PusherServer) -> Result<(), ListenError> {
        for channel in &args.channels {
            let kind = ChannelName::parse(channel).map_or(ChannelKind::Public, |name| name.kind());
            let mut data = serde_json::json!({ "channel": channel });
            let member = serde_json::json!({ "user_id": args.user_id }).to_string();
            let member = (kind == ChannelKind::Presence).then_some(member);
            if kind.needs_authorisation() {
                let secret = server.secret.expose();
                let signature = signature::sign_channel(secret, &self.socket_id, channel, member.as_deref());
                data["auth"] = format!("{}:{signature}", server.key).into();
            }
            if let Some(member) = member {
                data["channel_data"] = member.into();
            }
            self.send(&serde_json::json!({ "event": "pusher:subscribe", "data": data })).await?;
        }
        Ok(())
    }

    async fn send(&mut self, frame: &Value) -> Result<(), ListenError> {
        Ok(self.stream.send(Message::text(frame.to_string())).await.map_err(Box::new)?)
    }

    /// Prints until there are enough events (`Break`) or the connection is lost (`Continue`).
    async fn print_events(&mut self, left: &mut u64) -> Result<ControlFlow<()>, ListenError> {
        let mut is_pinged = false;
        while *left > 0 {
            let wait = if is_pinged { ANSWER_TIMEOUT } else { self.activity_timeout };
            match timeout(wait, next_text(&mut self.stream)).await {
                Ok(Ok(Some(text))) => {
                    is_pinged = false;
                    *left -= u64::from(self.handle_frame(&text).await?);
                }
                Ok(Ok(None)) => return Ok(ControlFlow::Continue(())),
                Ok(Err(closed)) => return Err(closed),
                Err(_) if is_pinged => return Ok(ControlFlow::Continue(())),
                Err(_) => {
                    is_pinged = true;
                    self.send(&serde_json::json!({ "event": "pusher:ping", "data": {} })).await?;
                }
            }
        }
        Ok(ControlFlow::Break(()))
    }

    /// Acts on a frame; true when it was an event and was printed.
    async fn handle_frame(&mut self, text: &str) -> Result<bool, ListenError> {
        let Ok(ServerFrame { event, channel, data, user_id }) = serde_json::from_str(text) else { return Ok(false) };
        match (event.as_str(), channel) {
            ("pusher:ping", _) => {
                self.send(&serde_json::json!({ "event": "pusher:pong", "data": {} })).await?;
                Ok(false)
            }
            ("pusher:error", _) => match refusal(&data) {
                // The close that follows says so too.
                ListenError::Reconnect { .. } => Ok(false),
                refusal => Err(refusal),
            },
            ("pusher:subscription_error", Some(channel)) => Err(ListenError::ChannelRefused { channel, reason: data }),
            ("pusher_internal:subscription_succeeded", Some(channel)) => {
                eprintln!("hubbub: listening to {channel}");
                Ok(false)
            }
            (event, Some(channel)) => {
                let user_id = user_id.as_deref();
                print(&OutputLine { channel: &channel, event, data: decoded(data), user_id })?;
                Ok(true)
            }
            (_, None) => Ok(false),
        }
    }
}

/// The next text; `None` when the connection is lost or the server asks to reconnect.
async fn next_text(stream: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Result<Option<String>, ListenError> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => return Ok(Some(text.to_string())),
            Some(Ok(Message::Close(Some(frame)))) => {
                let code = u16::from(frame.code);
                return match code {
                    4000..=4099 | 4300..=4399 => Err(ListenError::Closed { code, reason: frame.reason.to_string() }),
                    _ => Ok(None),
                };
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Ok(None),
        }
    }
}

/// What an error of the protocol means.
fn refusal(data: &Value) -> ListenError {
    let code = data["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
    let reason = data["message"].as_str().unwrap_or_default().to_owned();
    match code {
        4100..=4299 => ListenError::Reconnect { code, reason },
        _ => ListenError::Closed { code, reason },
    }
}

/// The JSON that a text holds; a text that holds none stays one.
fn decoded(data: Value) -> Value {
    match &data {
        Value::String(text) => serde_json::from_str(text).unwrap_or(data),
        _ => data,
    }
}

fn print(line: &OutputLine<'_>) -> Result<(), ListenError> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, line).map_err(io::Error::from)?;
    output.write_all(b"\n")?;
    Ok(output.flush()?)
}
