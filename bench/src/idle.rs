//! Sockets that do nothing: what each holds, and what their mere being there costs.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;

use crate::crowd::{Crowd, Heard};
use crate::dialect::App;
use crate::process::{cpu_us, raise_socket_limit, resident_kib};
use crate::report::append;
use crate::server::Server;

/// Measure what idle sockets cost
#[derive(Args)]
pub(crate) struct IdleArgs {
    /// How many sockets; no more than the system lets one process open
    #[arg(long, value_delimiter = ',', default_value = "10000,50000")]
    sockets: Vec<usize>,
    /// How long they are watched
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Silence after which the server pings a socket, in seconds
    #[arg(long, default_value_t = 120)]
    activity_timeout: u64,
}

/// One run.
#[derive(Serialize)]
struct IdleResult {
    sockets: usize,
    asked_for: usize,
    seconds: u64,
    kib_per_socket: f64,
    server_cpu_ms_per_minute: f64,
    pings: usize,
    resident_kib_after: u64,
}

const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn measure(program: &Path, results: &Path, args: &IdleArgs) -> Result<()> {
    let room = raise_socket_limit()?;
    println!("| sockets | KiB/socket | server CPU ms/minute | pings |\n|---|---|---|---|");
    for &asked_for in &args.sockets {
        let result = run(program, asked_for, asked_for.min(room), args)?;
        append(results, "idle", &result)?;
        println!(
            "| {} | {:.1} | {:.1} | {} |",
            result.sockets, result.kib_per_socket, result.server_cpu_ms_per_minute, result.pings
        );
        if result.sockets < asked_for {
            println!("\n{asked_for} were asked for; the limit of descriptors (ulimit -Hn) forbids more than {room}.\n");
        }
    }
    Ok(())
}

fn run(program: &Path, asked_for: usize, sockets: usize, args: &IdleArgs) -> Result<IdleResult> {
    let app = App::of_the_bench();
    let settings = [("HUBBUB_ACTIVITY_TIMEOUT_SECS", args.activity_timeout.to_string())];
    let server = Server::start_with_settings(program, &app, &settings)?;
    let (pid, mut crowd) = (server.pid(), Crowd::new(&server.address, app)?);
    let resident_before = resident_kib(pid)?;
    crowd.connect(sockets, Instant::now() + PATIENCE)?;
    watch(&mut crowd, Duration::from_secs(2))?;
    let resident_idle = resident_kib(pid)?;
    let cpu_before = cpu_us(pid)?;
    let pings = watch(&mut crowd, Duration::from_secs(args.seconds))?;
    let cpu = cpu_us(pid)? - cpu_before;
    Ok(IdleResult {
        sockets,
        asked_for,
        seconds: args.seconds,
        kib_per_socket: resident_idle.saturating_sub(resident_before) as f64 / sockets as f64,
        server_cpu_ms_per_minute: cpu as f64 / 1e3 * 60.0 / args.seconds.max(1) as f64,
        pings,
        resident_kib_after: resident_kib(pid)?,
    })
}

/// Does nothing for so long but answer pings; answers how many came.
fn watch(crowd: &mut Crowd, time: Duration) -> Result<usize> {
    let (end, mut pings) = (Instant::now() + time, 0);
    while Instant::now() < end {
        for (_, heard) in crowd.hear(end.saturating_duration_since(Instant::now()))? {
            match heard {
                Heard::Ended => bail!("the server closed an idle socket"),
                _ => pings += 1,
            }
        }
    }
    Ok(pings)
}
