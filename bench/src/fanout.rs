//! Fan-out of one server: Hubbub, or any other that speaks the Pusher protocol and runs already.

use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;

use crate::dialect::{App, Dialect};
use crate::process::allow_sockets;
use crate::report::{append, median};
use crate::run::{FanoutResult, Load, Target, run};
use crate::server::{Server, version_of};

/// Measure what it costs to bring an event to many sockets
#[derive(Args)]
pub(crate) struct FanoutArgs {
    #[command(flatten)]
    load: Load,
    /// Measure a server that runs already, at this ADDRESS:PORT
    #[arg(long, requires_all = ["pid", "name"])]
    at: Option<String>,
    /// The process id of that server
    #[arg(long)]
    pid: Option<u32>,
    /// What the results call that server
    #[arg(long)]
    name: Option<String>,
    /// Id of the app to publish for
    #[arg(long, default_value = "1")]
    app_id: String,
    /// Key of the app
    #[arg(long, default_value = "bench-key")]
    key: String,
    /// Secret of the app
    #[arg(long, default_value = "bench-secret")]
    secret: String,
}

pub(crate) fn measure(program: &Path, results: &Path, args: &FanoutArgs) -> Result<()> {
    allow_sockets(args.load.sockets.iter().copied().max().unwrap_or(0))?;
    println!(
        "| server | sockets | in flight | deliveries/s | server CPU µs/delivery | p50 ms | p99 ms | connects/s | KiB/socket |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for &sockets in &args.load.sockets {
        for &in_flight in &args.load.in_flight {
            let mut runs = Vec::new();
            for _ in 0..args.load.runs {
                let (_own, target) = target(program, args)?;
                let result = run(&target, sockets, in_flight, &args.load)?;
                append(results, "fanout", &result)?;
                runs.push(result);
            }
            let of = |figure: fn(&FanoutResult) -> f64| median(runs.iter().map(figure).collect());
            println!(
                "| {} | {sockets} | {in_flight} | {:.0} | {:.2} | {:.1} | {:.1} | {:.0} | {:.1} |",
                runs[0].server,
                of(|run| run.deliveries_per_s),
                of(|run| run.server_cpu_us_per_delivery),
                of(|run| run.p50_ms),
                of(|run| run.p99_ms),
                of(|run| run.connects_per_s),
                of(|run| run.idle_kib_per_socket)
            );
        }
    }
    Ok(())
}

/// The server to measure, and its process when it was started for that.
fn target(program: &Path, args: &FanoutArgs) -> Result<(Option<Server>, Target)> {
    let app = App { id: args.app_id.clone(), key: args.key.clone(), secret: args.secret.clone() };
    let (own, address, pid, name, version) = match (&args.at, args.pid, &args.name) {
        (None, ..) => {
            let server = Server::start_with_app(program, &app)?;
            let (address, pid) = (server.address.clone(), server.pid());
            (Some(server), address, pid, "hubbub".to_owned(), version_of(program)?)
        }
        (Some(address), Some(pid), Some(name)) => (None, address.clone(), pid, name.clone(), String::new()),
        _ => bail!("--at needs --pid and --name"),
    };
    Ok((own, Target { name, version, address, pid, dialect: Dialect::Pusher(app) }))
}
