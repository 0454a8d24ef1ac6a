//! Measures a Hubbub from outside, as its users meet it: over HTTP, the server in a process of its own.
//!
//! A figure counts only when what it measured was right: after the posts, every acknowledged message is looked up.

mod channels;
mod client;
mod crowd;
mod dialect;
mod fanout;
mod gauges;
mod history;
mod idle;
mod peer;
mod peers;
mod posts;
mod process;
mod publisher;
mod report;
mod run;
mod server;
mod slow;
mod soak;
mod sockets;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measure Hubbub
#[derive(Parser)]
struct Cli {
    /// The program to measure
    #[arg(long, default_value = "../target/release/hubbub")]
    server: PathBuf,
    /// Where raw results go, one JSON object a line
    #[arg(long, default_value = "results")]
    results: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Posts a second over HTTP, each with authentication, membership, Markdown and the log
    Posts(posts::PostsArgs),
    /// Reading in a room with very many messages
    History(history::HistoryArgs),
    /// Deliveries a second of one event to many sockets, and what a socket costs
    Fanout(fanout::FanoutArgs),
    /// The same for other servers too, in turn with Hubbub
    Peers(peers::PeersArgs),
    /// Joins and leaves a second over many channels, what a subscription costs, and what stays when all have left
    Channels(channels::ChannelsArgs),
    /// Hours of coming and going: fails when something is left behind
    Soak(soak::SoakArgs),
    /// What clients that do not read, hardly write or are gone cost the others
    Slow(slow::SlowArgs),
    /// Memory and processor time of sockets that do nothing
    Idle(idle::IdleArgs),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Command::Posts(args) => block_on(posts::measure(&cli.server, &cli.results, &args)),
        Command::History(args) => block_on(history::measure(&cli.server, &cli.results, &args)),
        Command::Fanout(args) => fanout::measure(&cli.server, &cli.results, &args),
        Command::Peers(args) => peers::measure(&cli.server, &cli.results, &args),
        Command::Channels(args) => channels::measure(&cli.server, &cli.results, &args),
        Command::Soak(args) => soak::measure(&cli.server, &cli.results, &args),
        Command::Slow(args) => slow::measure(&cli.server, &cli.results, &args),
        Command::Idle(args) => idle::measure(&cli.server, &cli.results, &args),
    }
}

/// Runs what has many connections and one thread.
fn block_on(measurement: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::task::LocalSet::new().run_until(measurement))
}
