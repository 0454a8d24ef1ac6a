//! Fan-out of Hubbub and of its peers: in turn on the same machine, with the same sockets, events and accounts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::dialect::{App, Dialect};
use crate::peer::{PEERS, Peer};
use crate::process::allow_sockets;
use crate::report::{append, spread};
use crate::run::{FanoutResult, Load, Target, run};
use crate::server::{Server, version_of};

/// Measure Hubbub beside other servers
#[derive(Args)]
pub(crate) struct PeersArgs {
    #[command(flatten)]
    load: Load,
    /// Where they are installed
    #[arg(long, default_value = "peers")]
    directory: PathBuf,
    /// Measure Hubbub and only these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// One of those that are compared.
#[derive(Clone, Copy)]
enum Contestant {
    Hubbub,
    Peer(&'static Peer),
}

/// All runs of one contestant under the same load.
struct Runs {
    contestant: Contestant,
    done: Vec<FanoutResult>,
}

pub(crate) fn measure(program: &Path, results: &Path, args: &PeersArgs) -> Result<()> {
    allow_sockets(args.load.sockets.iter().copied().max().unwrap_or(0))?;
    fs::create_dir_all(results)?;
    let contestants = contestants(args)?;
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for &sockets in &args.load.sockets {
        for &in_flight in &args.load.in_flight {
            let mut all: Vec<_> = contestants.iter().map(|&contestant| Runs { contestant, done: Vec::new() }).collect();
            let mut order: Vec<_> = (0..all.len()).collect();
            for round in 1..=args.load.runs {
                for &index in &order {
                    let contestant = all[index].contestant;
                    let title = format!("{}, {sockets} sockets, {in_flight} in flight, run {round}", contestant.name());
                    eprintln!("{title} of {}", args.load.runs);
                    let outcome = contestant.start(program, results, args);
                    match outcome.and_then(|(_server, target)| run(&target, sockets, in_flight, &args.load)) {
                        Ok(result) => {
                            append(results, "peers", &result)?;
                            all[index].done.push(result);
                        }
                        Err(error) => failures.push(format!("{title}: {error:#}")),
                    }
                }
                // There and back again: what the machine does meanwhile meets the first and the last alike.
                order.reverse();
            }
            rows.extend(all.iter().map(|runs| runs.row(sockets, in_flight)));
        }
    }
    println!(
        "| server | sockets | in flight | server CPU µs/delivery | deliveries/s | p50 ms | p99 ms | KiB/socket | connects/s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|\n{}", rows.join("\n"));
    ensure!(failures.is_empty(), "some runs failed:\n{}", failures.join("\n"));
    Ok(())
}

/// Hubbub, and the peers that are asked for and there. Those that are not there are named.
fn contestants(args: &PeersArgs) -> Result<Vec<Contestant>> {
    for name in &args.only {
        let known = PEERS.iter().any(|peer| peer.name == name);
        ensure!(known, "{name} is none of {}", PEERS.each_ref().map(|peer| peer.name).join(", "));
    }
    let mut contestants = vec![Contestant::Hubbub];
    for peer in &PEERS {
        if !args.only.is_empty() && !args.only.iter().any(|name| name == peer.name) {
            continue;
        }
        if peer.version(&args.directory).is_some() {
            contestants.push(Contestant::Peer(peer));
        } else {
            println!("{} is not installed and left out; this installs it: {}", peer.name, peer.install);
        }
    }
    Ok(contestants)
}

impl Contestant {
    fn name(self) -> &'static str {
        match self {
            Self::Hubbub => "Hubbub",
            Self::Peer(peer) => peer.name,
        }
    }

    fn start(self, program: &Path, results: &Path, args: &PeersArgs) -> Result<(Server, Target)> {
        let app = App::of_the_bench();
        match self {
            Self::Hubbub => {
                let server = Server::start_with_app(program, &app)?;
                let target = Target {
                    name: self.name().to_owned(),
                    version: version_of(program)?,
                    address: server.address.clone(),
                    pid: server.pid(),
                    dialect: Dialect::Pusher(app),
                };
                Ok((server, target))
            }
            Self::Peer(peer) => peer.start(&args.directory, results, &app).context("starting it"),
        }
    }
}

impl Runs {
    /// The medians, as a row of the table.
    fn row(&self, sockets: usize, in_flight: usize) -> String {
        let version = self.done.first().map_or("", |run| &run.version);
        let of = |figure: fn(&FanoutResult) -> f64, digits| spread(self.done.iter().map(figure).collect(), digits);
        format!(
            "| {} {version} | {sockets} | {in_flight} | {} | {} | {} | {} | {} | {} |",
            self.contestant.name(),
            of(|run| run.server_cpu_us_per_delivery, 2),
            of(|run| run.deliveries_per_s, 0),
            of(|run| run.p50_ms, 1),
            of(|run| run.p99_ms, 1),
            of(|run| run.idle_kib_per_socket, 1),
            of(|run| run.connects_per_s, 0)
        )
    }
}
