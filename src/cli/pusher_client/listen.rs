//! `hubbub listen`: prints what happens in channels, as any client would hear it.

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
    /// The channels; private and presence channels are joined with a signature made here
    #[arg(required = true, value_name = "CHANNEL")]
    channels: Vec<String>,
    /// Who to be in presence channels
    #[arg(long, default_value = "hubbub-listen", value_name = "ID")]
    user_id: String,
    /// End after so many events
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Why nothing more is heard.
#[derive(Debug, Error)]
pub(in crate::cli) enum ListenError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("the server cannot be reached: {0}")]
    Connect(#[from] Box<SocketError>),
    #[error("the server does not greet as a Pusher server does")]
    NoGreeting,
    #[error("the server refused the channel {channel}: {reason}")]
    ChannelRefused { channel: String, reason: Value },
    #[error("the server closed with {code}: {reason}")]
    Closed { code: u16, reason: String },
    /// Codes 41xx and 42xx: it will have us another time.
    #[error("the server asks to come back ({code}): {reason}")]
    ComeBack { code: u16, reason: String },
    #[error("the output: {0}")]
    Output(#[from] io::Error),
}

/// How long the server may take to greet, and to answer a ping.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The pause before coming back to a server that went away.
const PAUSE: Duration = Duration::from_secs(1);

/// What the server sends: `data` is a text that holds JSON, or JSON itself.
#[derive(Deserialize)]
struct Heard {
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
struct Line<'a> {
    channel: &'a str,
    event: &'a str,
    data: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

/// A connection after the greeting.
struct Connection {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    socket_id: String,
    /// Silence after which the server is asked whether it is there.
    activity_timeout: Duration,
}

/// Prints events until there are enough of them, nobody reads them any more, or the server will not have us.
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
    // Whoever cannot be reached at first is probably named wrongly; later it is being restarted.
    let mut connection = Connection::open(&server).await?;
    loop {
        connection.subscribe(&args, &server).await?;
        if connection.print_events(&mut left).await?.is_break() {
            return Ok(());
        }
        eprintln!("hubbub: the connection was lost; connecting again");
        connection = loop {
            sleep(PAUSE).await;
            match Connection::open(&server).await {
                Err(error @ (ListenError::Connect(_) | ListenError::ComeBack { .. })) => eprintln!("hubbub: {error}"),
                other => break other?,
            }
        };
    }
}

impl Connection {
    async fn open(server: &PusherServer) -> Result<Self, ListenError> {
        #[derive(Deserialize)]
        struct Greeting {
            socket_id: String,
            activity_timeout: u64,
        }
        let (mut stream, _) = connect_async(server.socket_url()).await.map_err(Box::new)?;
        let first = timeout(ANSWER_TIMEOUT, next_text(&mut stream)).await.map_err(|_| ListenError::NoGreeting)??;
        let heard: Heard = first.and_then(|text| serde_json::from_str(&text).ok()).ok_or(ListenError::NoGreeting)?;
        if heard.event == "pusher:error" {
            return Err(refusal(&heard.data));
        }
        let greeting: Greeting = serde_json::from_value(decoded(heard.data)).map_err(|_| ListenError::NoGreeting)?;
        let activity_timeout = Duration::from_secs(greeting.activity_timeout.max(1));
        Ok(Self { stream, socket_id: greeting.socket_id, activity_timeout })
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
        let mut is_asked = false;
        while *left > 0 {
            let patience = if is_asked { ANSWER_TIMEOUT } else { self.activity_timeout };
            match timeout(patience, next_text(&mut self.stream)).await {
                Ok(Ok(Some(text))) => {
                    is_asked = false;
                    *left -= u64::from(self.hear(&text).await?);
                }
                Ok(Ok(None)) => return Ok(ControlFlow::Continue(())),
                Ok(Err(closed)) => return Err(closed),
                Err(_) if is_asked => return Ok(ControlFlow::Continue(())),
                Err(_) => {
                    is_asked = true;
                    self.send(&serde_json::json!({ "event": "pusher:ping", "data": {} })).await?;
                }
            }
        }
        Ok(ControlFlow::Break(()))
    }

    /// Acts on a frame; true when it was an event and was printed.
    async fn hear(&mut self, text: &str) -> Result<bool, ListenError> {
        let Ok(Heard { event, channel, data, user_id }) = serde_json::from_str(text) else { return Ok(false) };
        match (event.as_str(), channel) {
            ("pusher:ping", _) => {
                self.send(&serde_json::json!({ "event": "pusher:pong", "data": {} })).await?;
                Ok(false)
            }
            ("pusher:error", _) => match refusal(&data) {
                // The close that follows says so too.
                ListenError::ComeBack { .. } => Ok(false),
                refusal => Err(refusal),
            },
            ("pusher:subscription_error", Some(channel)) => Err(ListenError::ChannelRefused { channel, reason: data }),
            ("pusher_internal:subscription_succeeded", Some(channel)) => {
                eprintln!("hubbub: listening to {channel}");
                Ok(false)
            }
            (event, Some(channel)) => {
                let user_id = user_id.as_deref();
                print(&Line { channel: &channel, event, data: decoded(data), user_id })?;
                Ok(true)
            }
            (_, None) => Ok(false),
        }
    }
}

/// The next text; `None` when the connection is lost or the server wants us to come back.
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
        4100..=4299 => ListenError::ComeBack { code, reason },
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

fn print(line: &Line<'_>) -> Result<(), ListenError> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, line).map_err(io::Error::from)?;
    output.write_all(b"\n")?;
    Ok(output.flush()?)
}
