//! Fan-out: one event to many sockets. Each socket reads what it is sent; an event counts when every socket has it.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::process::{cpu_us, resident_kib};
use crate::publisher::{App, Publisher};
use crate::report::{append, median};
use crate::server::Server;
use crate::sockets::Sockets;

/// Measure what it costs to bring an event to many sockets
#[derive(Args)]
pub(crate) struct FanoutArgs {
    /// How many sockets are in the channel
    #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
    sockets: Vec<usize>,
    /// How many events are under way at once
    #[arg(long, value_delimiter = ',', default_value = "1,8")]
    in_flight: Vec<usize>,
    /// Deliveries of one run, about
    #[arg(long, default_value_t = 500_000)]
    deliveries: usize,
    /// Runs of each kind; the table shows the median
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Bytes of an event's data
    #[arg(long, default_value_t = 200)]
    bytes: usize,
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

/// One run.
#[derive(Serialize)]
struct FanoutResult {
    server: String,
    sockets: usize,
    in_flight: usize,
    events: usize,
    deliveries_per_s: f64,
    server_cpu_us_per_delivery: f64,
    /// From the POST to the last socket.
    p50_ms: f64,
    p99_ms: f64,
    connects_per_s: f64,
    server_cpu_us_per_connect: f64,
    idle_kib_per_socket: f64,
}

/// How long the slowest part of a run may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Events that nobody counts: the first ones find cold caches.
const WARM_UP: usize = 5;

pub(crate) fn measure(program: &Path, results: &Path, args: &FanoutArgs) -> Result<()> {
    println!(
        "| server | sockets | in flight | deliveries/s | server CPU µs/delivery | p50 ms | p99 ms | connects/s | KiB/socket |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for &sockets in &args.sockets {
        for &in_flight in &args.in_flight {
            let mut runs = Vec::new();
            for _ in 0..args.runs {
                let result = run(program, sockets, in_flight, args)?;
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

fn run(program: &Path, count: usize, in_flight: usize, args: &FanoutArgs) -> Result<FanoutResult> {
    let app = App { id: args.app_id.clone(), key: args.key.clone(), secret: args.secret.clone() };
    let own = match &args.at {
        Some(_) => None,
        None => Some(Server::start_with_app(program, &app)?),
    };
    let (address, pid, name) = match (&own, &args.at, args.pid, &args.name) {
        (Some(server), ..) => (server.address.clone(), server.pid(), "hubbub".to_owned()),
        (None, Some(address), Some(pid), Some(name)) => (address.clone(), pid, name.clone()),
        _ => bail!("--at needs --pid and --name"),
    };
    let resident_before = resident_kib(pid)?;
    let (cpu_before, begin) = (cpu_us(pid)?, Instant::now());
    let mut sockets = Sockets::connect(&address, &app.key, count, begin + PATIENCE)?;
    let (connecting, connect_cpu) = (begin.elapsed().as_secs_f64(), cpu_us(pid)? - cpu_before);
    thread::sleep(Duration::from_secs(1));
    let idle_kib = resident_kib(pid)?.saturating_sub(resident_before);

    let events = (args.deliveries / count).max(20);
    let mut publishing = Publishing::start(&address, &app, in_flight, args.bytes)?;
    publishing.run(&mut sockets, 0..WARM_UP)?;
    let (cpu_before, begin) = (cpu_us(pid)?, Instant::now());
    let latencies = publishing.run(&mut sockets, WARM_UP..WARM_UP + events)?;
    let (elapsed, cpu) = (begin.elapsed().as_secs_f64(), cpu_us(pid)? - cpu_before);
    let deliveries = (events * count) as f64;
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
    Ok(FanoutResult {
        server: name,
        sockets: count,
        in_flight,
        events,
        deliveries_per_s: deliveries / elapsed,
        server_cpu_us_per_delivery: cpu as f64 / deliveries,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        connects_per_s: count as f64 / connecting,
        server_cpu_us_per_connect: connect_cpu as f64 / count as f64,
        idle_kib_per_socket: idle_kib as f64 / count as f64,
    })
}

/// Threads that publish: each has one event under way.
struct Publishing {
    numbers: Vec<Sender<usize>>,
    posted: Receiver<Result<(usize, Instant)>>,
}

impl Publishing {
    fn start(address: &str, app: &App, in_flight: usize, bytes: usize) -> Result<Self> {
        let (report, posted) = channel();
        let mut numbers = Vec::new();
        for _ in 0..in_flight {
            let (sender, orders) = channel::<usize>();
            let (mut publisher, report) = (Publisher::connect(address, app.clone())?, report.clone());
            numbers.push(sender);
            thread::spawn(move || {
                for number in orders {
                    let begin = Instant::now();
                    let outcome = publisher.publish(number, bytes).map(|()| (number, begin));
                    if report.send(outcome).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { numbers, posted })
    }

    /// Publishes events one after the other, as many at once as there are publishers, until all sockets have them all.
    fn run(&mut self, sockets: &mut Sockets, events: std::ops::Range<usize>) -> Result<Histogram<u64>> {
        let deadline = Instant::now() + PATIENCE;
        let mut latencies = Histogram::<u64>::new(3)?;
        let (first, mut next, mut done) = (events.start, events.start, 0);
        let mut begun = vec![None; events.len()];
        let mut ended = vec![None; events.len()];
        let mut publisher_of = vec![0; events.len()];
        for publisher in 0..self.numbers.len().min(events.len()) {
            publisher_of[next - first] = publisher;
            self.numbers[publisher].send(next)?;
            next += 1;
        }
        while done < events.len() {
            ensure!(Instant::now() < deadline, "after {PATIENCE:?} some sockets still miss events");
            for number in sockets.read(Duration::from_millis(1))? {
                let number = number.checked_sub(first).context("an event of another run")?;
                ended[number] = Some(Instant::now());
                done += 1;
                if next < events.end {
                    publisher_of[next - first] = publisher_of[number];
                    self.numbers[publisher_of[number]].send(next)?;
                    next += 1;
                }
            }
            while let Ok(posted) = self.posted.try_recv() {
                let (number, begin) = posted?;
                begun[number - first] = Some(begin);
            }
        }
        while begun.iter().any(Option::is_none) {
            let (number, begin) = self.posted.recv_timeout(PATIENCE)??;
            begun[number - first] = Some(begin);
        }
        for (begin, end) in begun.into_iter().flatten().zip(ended.into_iter().flatten()) {
            latencies.record(u64::try_from((end - begin).as_micros())?.max(1))?;
        }
        Ok(latencies)
    }
}
