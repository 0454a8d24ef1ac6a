//! Reading in a room with very many messages: as a page does when somebody opens it, scrolls back, or comes back.

use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::posts::Stage;
use crate::process::cpu_us;
use crate::report::append;
use crate::server::Server;

/// Measure reading in a room with very many messages
#[derive(Args)]
pub(crate) struct HistoryArgs {
    /// Messages in the room
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Reads of each kind, one after the other
    #[arg(long, default_value_t = 5_000)]
    reads: usize,
    /// Bytes of a message
    #[arg(long, default_value_t = 100)]
    bytes: usize,
    /// postgres://… to measure on Postgres; SQLite when left out
    #[arg(long)]
    database_url: Option<String>,
}

/// Connections that fill the room.
const POSTERS: usize = 64;
/// Messages, or events, of a read.
const PAGE: usize = 50;

#[derive(Serialize)]
struct HistoryResult {
    database: &'static str,
    messages: usize,
    read: &'static str,
    p50_ms: f64,
    p99_ms: f64,
    server_cpu_us_per_read: f64,
}

pub(crate) async fn measure(program: &Path, results: &Path, args: &HistoryArgs) -> Result<()> {
    let server = Server::start(program, args.database_url.as_deref())?;
    let stage = Rc::new(Stage::set(&server.address, 1, args.bytes).await?);
    fill(&stage, args.messages).await?;
    let room = stage.rooms[0];
    let mut client = Client::connect(&stage.address, Some(&stage.token)).await?;
    let newest = client.call(Method::GET, &format!("/api/v1/rooms/{room}/messages?limit=1"), &Value::Null).await?;
    let newest = newest["items"][0].clone();
    ensure!(newest["number"] == args.messages, "the room has not all messages");
    let (id, seq) = (newest["id"].as_i64().context("no id")?, newest["seq"].as_i64().context("no seq")?);
    let middle = id - i64::try_from(args.messages / 2)?;
    let reads = [
        ("the latest 50", format!("messages?limit={PAGE}")),
        ("50 in the middle", format!("messages?limit={PAGE}&before={middle}")),
        ("the last 50 events", format!("events?limit={PAGE}&after={}", seq - i64::try_from(PAGE)?)),
    ];
    println!("| read | p50 ms | p99 ms | server CPU µs/read |\n|---|---|---|---|");
    for (read, path) in reads {
        let path = format!("/api/v1/rooms/{room}/{path}");
        let cpu_before = cpu_us(server.pid())?;
        let mut latencies = Histogram::<u64>::new(3)?;
        for _ in 0..args.reads {
            let begin = Instant::now();
            let (status, answer) = client.send(Method::GET, &path, "application/json", String::new()).await?;
            latencies.record(u64::try_from(begin.elapsed().as_micros())?.max(1))?;
            ensure!(status == StatusCode::OK, "{path} was answered {status}");
            let items = serde_json::from_slice::<Value>(&answer)?["items"].as_array().map_or(0, Vec::len);
            ensure!(items == PAGE, "{path} was answered {items} items");
        }
        let result = HistoryResult {
            database: if args.database_url.is_some() { "postgres" } else { "sqlite" },
            messages: args.messages,
            read,
            p50_ms: latencies.value_at_quantile(0.5) as f64 / 1e3,
            p99_ms: latencies.value_at_quantile(0.99) as f64 / 1e3,
            server_cpu_us_per_read: (cpu_us(server.pid())? - cpu_before) as f64 / args.reads as f64,
        };
        append(results, "history", &result)?;
        println!("| {read} | {:.2} | {:.2} | {:.0} |", result.p50_ms, result.p99_ms, result.server_cpu_us_per_read);
    }
    Ok(())
}

/// Posts the messages.
async fn fill(stage: &Rc<Stage>, messages: usize) -> Result<()> {
    let mut posters = JoinSet::new();
    for number in 0..POSTERS {
        let stage = Rc::clone(stage);
        let own = messages / POSTERS + usize::from(number < messages % POSTERS);
        posters.spawn_local(async move {
            let mut client = Client::connect(&stage.address, Some(&stage.token)).await?;
            let path = format!("/api/v1/rooms/{}/messages", stage.rooms[0]);
            for _ in 0..own {
                let (status, answer) = client.send(Method::POST, &path, "text/plain", stage.text.clone()).await?;
                if status != StatusCode::CREATED {
                    bail!("a post was answered {status}: {}", String::from_utf8_lossy(&answer));
                }
            }
            Ok(())
        });
    }
    while let Some(posted) = posters.join_next().await {
        posted??;
    }
    Ok(())
}
