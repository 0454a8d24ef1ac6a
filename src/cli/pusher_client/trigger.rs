//! `hubbub trigger`: publishes an event with the Pusher HTTP API.

use std::io::{self, Read};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use reqwest::header::CONTENT_TYPE;
use thiserror::Error;

use crate::app::{StartError, http_client};
use crate::pusher::{ApiCall, sign_call};

use super::server::{ServerArgs, ServerError};

/// What to publish, and where.
#[derive(Debug, Args)]
#[command(after_help = "Example: hubbub trigger cache-score scored '{\"home\":1,\"away\":0}'")]
pub(in crate::cli) struct TriggerArgs {
    /// The channel, such as cache-score, private-orders or #server-to-user-7
    channel: String,
    /// The event's name
    event: String,
    /// The event's data, by convention JSON; - reads it from standard input
    data: String,
    /// Id of a socket that does not get the event
    #[arg(long, value_name = "ID")]
    socket_id: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Why nothing was published.
#[derive(Debug, Error)]
pub(in crate::cli) enum TriggerError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Client(#[from] StartError),
    #[error("standard input: {0}")]
    Input(#[from] io::Error),
    #[error("the event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the query cannot be written: {0}")]
    Query(#[from] serde_urlencoded::ser::Error),
    /// Without the URL, which is signed.
    #[error("the server cannot be reached: {0}")]
    Call(String),
    #[error("the server answered {status}: {body}")]
    Refused { status: u16, body: String },
}

const TIMEOUT: Duration = Duration::from_secs(10);

/// Publishes one event.
pub(in crate::cli) async fn trigger(args: TriggerArgs) -> Result<(), TriggerError> {
    let server = args.server.find()?;
    let data = match args.data.as_str() {
        "-" => from_standard_input()?,
        _ => args.data,
    };
    let mut event = serde_json::json!({ "name": args.event, "data": data, "channels": [args.channel] });
    if let Some(socket_id) = args.socket_id {
        event["socket_id"] = socket_id.into();
    }
    let (body, path) = (serde_json::to_vec(&event)?, server.api_path("events"));
    let now_secs = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let call = ApiCall { method: "POST", path: &path, query: &[], body: &body };
    let query = serde_urlencoded::to_string(sign_call(call, &server.key, server.secret.expose(), now_secs))?;
    let request = http_client()?.post(format!("{}?{query}", server.http_url(&path)));
    let request = request.timeout(TIMEOUT).header(CONTENT_TYPE, "application/json").body(body);
    let answer = request.send().await.map_err(unreachable)?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => {
            Err(TriggerError::Refused { status: status.as_u16(), body: answer.text().await.map_err(unreachable)? })
        }
    }
}

fn unreachable(error: reqwest::Error) -> TriggerError {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    TriggerError::Call(format!("{error}{cause}"))
}

/// The whole input but for the newline that a shell adds.
fn from_standard_input() -> io::Result<String> {
    let mut data = String::new();
    io::stdin().read_to_string(&mut data)?;
    Ok(data.strip_suffix('\n').map(str::to_owned).unwrap_or(data))
}
