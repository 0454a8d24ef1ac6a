//! Posts a second: each poster has a connection, and posts the next message when the last one was acknowledged.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::{cpu_us, resident_kib};
use crate::report::{append, median};
use crate::server::Server;

/// Measure posts a second over HTTP
#[derive(Args)]
pub(crate) struct PostsArgs {
    /// How many post at the same time
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    posters: Vec<usize>,
    /// How long each run lasts
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Runs of each number of posters; the table shows the median
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Rooms that the posters share
    #[arg(long, default_value_t = 8)]
    rooms: usize,
    /// Bytes of a message
    #[arg(long, default_value_t = 100)]
    bytes: usize,
    /// postgres://… to measure on Postgres; SQLite when left out
    #[arg(long)]
    database_url: Option<String>,
}

/// One run.
#[derive(Serialize)]
struct PostsResult {
    database: &'static str,
    posters: usize,
    seconds: f64,
    posts: u64,
    posts_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    server_cpu_us_per_post: f64,
    server_resident_kib: u64,
}

/// People and rooms to post with.
pub(crate) struct Stage {
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) rooms: Vec<i64>,
    pub(crate) text: String,
}

/// What one poster did.
struct Posted {
    latencies: Histogram<u64>,
    /// Acknowledged messages: id and room.
    acknowledged: Vec<(i64, i64)>,
}

pub(crate) async fn measure(program: &Path, results: &Path, args: &PostsArgs) -> Result<()> {
    println!("| posters | posts/s | p50 ms | p99 ms | max ms | server CPU µs/post |\n|---|---|---|---|---|---|");
    for &posters in &args.posters {
        let mut runs = Vec::new();
        for _ in 0..args.runs {
            let result = run(program, posters, args).await?;
            append(results, "posts", &result)?;
            runs.push(result);
        }
        let of = |figure: fn(&PostsResult) -> f64| median(runs.iter().map(figure).collect());
        println!(
            "| {posters} | {:.0} | {:.2} | {:.2} | {:.1} | {:.1} |",
            of(|run| run.posts_per_s),
            of(|run| run.p50_ms),
            of(|run| run.p99_ms),
            of(|run| run.max_ms),
            of(|run| run.server_cpu_us_per_post)
        );
    }
    Ok(())
}

async fn run(program: &Path, posters: usize, args: &PostsArgs) -> Result<PostsResult> {
    let server = Server::start(program, args.database_url.as_deref())?;
    let stage = Rc::new(Stage::set(&server.address, args.rooms, args.bytes).await?);
    let mut tasks = JoinSet::new();
    let mut clients = Vec::new();
    for _ in 0..posters {
        clients.push(Client::connect(&stage.address, Some(&stage.token)).await?);
    }
    let (cpu_before, begin) = (cpu_us(server.pid())?, Instant::now());
    let end = begin + Duration::from_secs(args.seconds);
    for (number, client) in clients.into_iter().enumerate() {
        tasks.spawn_local(post_until(end, client, Rc::clone(&stage), number));
    }
    let mut all = Histogram::<u64>::new(3)?;
    let mut acknowledged = Vec::new();
    while let Some(posted) = tasks.join_next().await {
        let posted = posted??;
        all.add(posted.latencies)?;
        acknowledged.extend(posted.acknowledged);
    }
    let (elapsed, cpu) = (begin.elapsed().as_secs_f64(), cpu_us(server.pid())? - cpu_before);
    let resident = resident_kib(server.pid())?;
    verify(&stage, &acknowledged).await?;
    let posts = all.len();
    let ms = |microseconds: u64| microseconds as f64 / 1e3;
    Ok(PostsResult {
        database: if args.database_url.is_some() { "postgres" } else { "sqlite" },
        posters,
        seconds: elapsed,
        posts,
        posts_per_s: posts as f64 / elapsed,
        p50_ms: ms(all.value_at_quantile(0.5)),
        p99_ms: ms(all.value_at_quantile(0.99)),
        max_ms: ms(all.max()),
        server_cpu_us_per_post: cpu as f64 / posts as f64,
        server_resident_kib: resident,
    })
}

impl Stage {
    /// Signs somebody up who makes rooms, and chooses the text.
    pub(crate) async fn set(address: &str, rooms: usize, bytes: usize) -> Result<Self> {
        let mut stranger = Client::connect(address, None).await?;
        let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
        let person = json!({"username": format!("p{unique}"), "password": "correct horse battery"});
        let session = stranger.call(Method::POST, "/api/v1/users", &person).await?;
        let token = session["access_token"].as_str().context("no token")?.to_owned();
        let mut client = Client::connect(address, Some(&token)).await?;
        let mut ids = Vec::new();
        for number in 0..rooms {
            let room = client.call(Method::POST, "/api/v1/rooms", &json!({"name": format!("Room {number}")})).await?;
            ids.push(room["id"].as_i64().context("no id")?);
        }
        let sentence = "The quick *brown* fox jumps over the `lazy` dog, and **nobody** minds. ";
        let text = sentence.chars().cycle().take(bytes).collect();
        Ok(Self { address: address.to_owned(), token, rooms: ids, text })
    }
}

async fn post_until(end: Instant, mut client: Client, stage: Rc<Stage>, number: usize) -> Result<Posted> {
    let mut posted = Posted { latencies: Histogram::new(3)?, acknowledged: Vec::new() };
    let mut room_index = number;
    while Instant::now() < end {
        let room = stage.rooms[room_index % stage.rooms.len()];
        room_index += 1;
        let path = format!("/api/v1/rooms/{room}/messages");
        let begin = Instant::now();
        let (status, answer) = client.send(Method::POST, &path, "text/plain", stage.text.clone()).await?;
        posted.latencies.record(u64::try_from(begin.elapsed().as_micros())?.max(1))?;
        if status != StatusCode::CREATED {
            bail!("a post was answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        let message: Value = serde_json::from_slice(&answer)?;
        posted.acknowledged.push((message["id"].as_i64().context("no id")?, room));
    }
    Ok(posted)
}

/// Reads every room from its beginning, and compares it with what was acknowledged: each once, none missing, no gap.
async fn verify(stage: &Stage, acknowledged: &[(i64, i64)]) -> Result<()> {
    let mut client = Client::connect(&stage.address, Some(&stage.token)).await?;
    let mut stored = HashMap::new();
    for &room in &stage.rooms {
        let (mut after, mut number) = (0, 0);
        loop {
            let path = format!("/api/v1/rooms/{room}/messages?limit=200&after={after}");
            let page = client.call(Method::GET, &path, &Value::Null).await?;
            let items = page["items"].as_array().context("no items")?;
            for message in items {
                number += 1;
                ensure!(message["number"] == number, "room {room} has a gap before message {number}");
                ensure!(message["body"].as_str() == Some(stage.text.trim_end()), "a message has another text");
                after = message["id"].as_i64().context("no id")?;
                ensure!(stored.insert(after, room).is_none(), "message {after} is there twice");
            }
            if page["next"].is_null() {
                break;
            }
        }
    }
    for (id, room) in acknowledged {
        ensure!(stored.get(id) == Some(room), "message {id} was acknowledged and is not there");
    }
    Ok(())
}
