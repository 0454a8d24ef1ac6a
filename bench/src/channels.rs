//! Many channels: sockets that join many each, and leave them all again.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde::Serialize;

use crate::crowd::{Crowd, Heard};
use crate::dialect::{App, Dialect};
use crate::gauges::wait_for_at_most;
use crate::process::{allow_sockets, cpu_us, resident_kib};
use crate::publisher::Publisher;
use crate::report::append;
use crate::server::Server;

/// Measure joins, leaves and what a subscription costs
#[derive(Args)]
pub(crate) struct ChannelsArgs {
    /// How many sockets there are
    #[arg(long, default_value_t = 1_000)]
    sockets: usize,
    /// How many channels each of them joins
    #[arg(long, default_value_t = 100)]
    channels_each: usize,
    /// How many sockets are in each channel
    #[arg(long, default_value_t = 1)]
    sockets_each: usize,
    /// How often everybody joins and leaves
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Events to one channel each, in each round
    #[arg(long, default_value_t = 1_000)]
    events: usize,
}

/// One round.
#[derive(Serialize)]
struct ChannelsResult {
    sockets: usize,
    channels: usize,
    subscriptions: usize,
    round: usize,
    joins_per_s: f64,
    server_cpu_us_per_join: f64,
    leaves_per_s: f64,
    server_cpu_us_per_leave: f64,
    /// How much more the server held than before the joins.
    bytes_per_subscription: f64,
    deliveries: usize,
    resident_kib_joined: u64,
    resident_kib_left: u64,
}

/// How long the slowest part of a round may take.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn measure(program: &Path, results: &Path, args: &ChannelsArgs) -> Result<()> {
    allow_sockets(args.sockets)?;
    let app = App::of_the_bench();
    let settings = [("HUBBUB_MAX_CHANNELS_PER_SOCKET", args.channels_each.max(1).to_string())];
    let server = Server::start_with_settings(program, &app, &settings)?;
    let mut crowd = Crowd::new(&server.address, app.clone())?;
    let sockets = crowd.connect(args.sockets, Instant::now() + PATIENCE)?;
    println!(
        "| round | channels | subscriptions | joins/s | CPU µs/join | leaves/s | CPU µs/leave | bytes/subscription | \
         MiB joined | MiB left |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    for round in 1..=args.rounds {
        let result = run(&server, &app, &mut crowd, &sockets, round, args)?;
        append(results, "channels", &result)?;
        println!(
            "| {round} | {} | {} | {:.0} | {:.1} | {:.0} | {:.1} | {:.0} | {:.1} | {:.1} |",
            result.channels,
            result.subscriptions,
            result.joins_per_s,
            result.server_cpu_us_per_join,
            result.leaves_per_s,
            result.server_cpu_us_per_leave,
            result.bytes_per_subscription,
            result.resident_kib_joined as f64 / 1024.0,
            result.resident_kib_left as f64 / 1024.0
        );
    }
    Ok(())
}

fn run(
    server: &Server,
    app: &App,
    crowd: &mut Crowd,
    sockets: &[usize],
    round: usize,
    args: &ChannelsArgs,
) -> Result<ChannelsResult> {
    let (pid, subscriptions) = (server.pid(), sockets.len() * args.channels_each);
    let resident_before = resident_kib(pid)?;
    let (cpu_before, begin) = (cpu_us(pid)?, Instant::now());
    for (place, &socket) in sockets.iter().enumerate() {
        for number in 0..args.channels_each {
            crowd.join(socket, &channel(place, number, args))?;
        }
    }
    hear_all(crowd, subscriptions, |heard| matches!(heard, Heard::Joined))?;
    let (joining, join_cpu) = (begin.elapsed().as_secs_f64(), cpu_us(pid)? - cpu_before);
    let resident_joined = resident_kib(pid)?;

    let mut publisher = Publisher::connect(&server.address, Dialect::Pusher(app.clone()))?;
    let deliveries = deliver(crowd, sockets.len(), &mut publisher, args)?;

    let (cpu_before, begin) = (cpu_us(pid)?, Instant::now());
    for (place, &socket) in sockets.iter().enumerate() {
        for number in 0..args.channels_each {
            crowd.leave(socket, &channel(place, number, args))?;
        }
        crowd.ping(socket)?;
    }
    hear_all(crowd, sockets.len(), |heard| matches!(heard, Heard::Pong))?;
    wait_for_at_most(&server.address, [sockets.len() as u64, 0, 0])?;
    let (leaving, leave_cpu) = (begin.elapsed().as_secs_f64(), cpu_us(pid)? - cpu_before);
    let of = |figure: u64| figure as f64 / subscriptions as f64;
    Ok(ChannelsResult {
        sockets: sockets.len(),
        channels: subscriptions / args.sockets_each.max(1),
        subscriptions,
        round,
        joins_per_s: subscriptions as f64 / joining,
        server_cpu_us_per_join: of(join_cpu),
        leaves_per_s: subscriptions as f64 / leaving,
        server_cpu_us_per_leave: of(leave_cpu),
        bytes_per_subscription: of(resident_joined.saturating_sub(resident_before) * 1024),
        deliveries,
        resident_kib_joined: resident_joined,
        resident_kib_left: resident_kib(pid)?,
    })
}

/// A socket's channel: neighbours share it.
fn channel(place: usize, number: usize, args: &ChannelsArgs) -> String {
    format!("bench-{}-{number}", place / args.sockets_each.max(1))
}

/// Publishes to channels all over the place; answers how many deliveries came, all of them.
fn deliver(crowd: &mut Crowd, sockets: usize, publisher: &mut Publisher, args: &ChannelsArgs) -> Result<usize> {
    let (groups, mut expected) = (sockets.div_ceil(args.sockets_each.max(1)), 0);
    for event in 0..args.events {
        let group = event * 7_919 % groups;
        let place = group * args.sockets_each.max(1);
        publisher.publish_to(&channel(place, event % args.channels_each, args), event, 100)?;
        expected += args.sockets_each.max(1).min(sockets - place);
    }
    hear_all(crowd, expected, |heard| matches!(heard, Heard::Event(_)))?;
    Ok(expected)
}

/// Waits until so many of one kind have come; nobody may end meanwhile.
fn hear_all(crowd: &mut Crowd, count: usize, is_one: fn(&Heard) -> bool) -> Result<()> {
    let (deadline, mut came) = (Instant::now() + PATIENCE, 0);
    while came < count {
        ensure!(Instant::now() < deadline, "only {came} of {count} came in time");
        for (_, heard) in crowd.hear(Duration::from_millis(100))? {
            match heard {
                Heard::Ended => bail!("the server closed a socket"),
                heard => came += usize::from(is_one(&heard)),
            }
        }
    }
    ensure!(came == count, "{came} came instead of {count}");
    Ok(())
}
