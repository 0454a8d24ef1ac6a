//! One run of fan-out: sockets connect and join, rest, and events go to all of them. An event counts when every socket has it,
//! and one that comes twice is an error.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::dialect::Dialect;
use crate::process::{cpu_us, load, resident_kib};
use crate::publisher::Publisher;
use crate::sockets::Sockets;

/// What is asked of a server.
#[derive(Args)]
pub(crate) struct Load {
    /// How many sockets are in the channel
    #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
    pub(crate) sockets: Vec<usize>,
    /// How many events are under way at once
    #[arg(long, value_delimiter = ',', default_value = "1,8")]
    pub(crate) in_flight: Vec<usize>,
    /// Deliveries of one run, about
    #[arg(long, default_value_t = 500_000)]
    deliveries: usize,
    /// Runs of each kind; the table shows the median
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// Bytes of an event's data
    #[arg(long, default_value_t = 200)]
    bytes: usize,
}

/// A server that runs.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) version: String,
    /// `ADDRESS:PORT`.
    pub(crate) address: String,
    pub(crate) pid: u32,
    pub(crate) dialect: Dialect,
}

/// One run.
#[derive(Serialize)]
pub(crate) struct FanoutResult {
    pub(crate) server: String,
    pub(crate) version: String,
    pub(crate) sockets: usize,
    pub(crate) in_flight: usize,
    events: usize,
    bytes: usize,
    pub(crate) deliveries_per_s: f64,
    pub(crate) server_cpu_us_per_delivery: f64,
    /// From the POST to the last socket.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) connects_per_s: f64,
    server_cpu_us_per_connect: f64,
    /// What the server held before anybody connected.
    resident_kib: u64,
    pub(crate) idle_kib_per_socket: f64,
    /// The same after the events.
    used_kib_per_socket: f64,
    /// When the run began, in seconds since 1970, and what the machine had to do in the minute before.
    began_at: u64,
    load_before: f64,
}

/// How long the slowest part of a run may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// For so many events one goes before them that nobody measures: the first ones find cold caches, and code that a just-in-time
/// compiler has not seen yet.
const EVENTS_PER_WARM_UP: usize = 10;

/// Measures `target` with `count` sockets.
pub(crate) fn run(target: &Target, count: usize, in_flight: usize, asked: &Load) -> Result<FanoutResult> {
    let pid = target.pid;
    let (began_at, load_before) = (SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(), load());
    let resident_before = resident_kib(pid)?;
    let (cpu_before, begin) = (cpu_us(pid)?, Instant::now());
    let mut sockets = Sockets::connect(&target.address, &target.dialect, count, begin + PATIENCE)?;
    let (connecting, connect_cpu) = (begin.elapsed().as_secs_f64(), cpu_us(pid)? - cpu_before);
    thread::sleep(Duration::from_secs(1));
    let idle_kib = resident_kib(pid)?.saturating_sub(resident_before);

    let events = (asked.deliveries / count).max(20);
    let mut publishing = Publishing::start(target, in_flight, asked.bytes)?;
    let warm_up = (events / EVENTS_PER_WARM_UP).max(5);
    publishing.run(&mut sockets, 0..warm_up)?;
    let (cpu_before, begin) = (cpu_us(pid)?, Instant::now());
    let latencies = publishing.run(&mut sockets, warm_up..warm_up + events)?;
    let (elapsed, cpu) = (begin.elapsed().as_secs_f64(), cpu_us(pid)? - cpu_before);
    let used_kib = resident_kib(pid)?.saturating_sub(resident_before);
    let deliveries = (events * count) as f64;
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
    Ok(FanoutResult {
        server: target.name.clone(),
        version: target.version.clone(),
        sockets: count,
        in_flight,
        events,
        bytes: asked.bytes,
        deliveries_per_s: deliveries / elapsed,
        server_cpu_us_per_delivery: cpu as f64 / deliveries,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        connects_per_s: count as f64 / connecting,
        server_cpu_us_per_connect: connect_cpu as f64 / count as f64,
        resident_kib: resident_before,
        idle_kib_per_socket: idle_kib as f64 / count as f64,
        used_kib_per_socket: used_kib as f64 / count as f64,
        began_at,
        load_before,
    })
}

/// Threads that publish: each has one event under way.
struct Publishing {
    numbers: Vec<Sender<usize>>,
    posted: Receiver<Result<(usize, Instant)>>,
}

impl Publishing {
    fn start(target: &Target, in_flight: usize, bytes: usize) -> Result<Self> {
        let (report, posted) = channel();
        let mut numbers = Vec::new();
        for _ in 0..in_flight {
            let (sender, orders) = channel::<usize>();
            let (mut publisher, report) =
                (Publisher::connect(&target.address, target.dialect.clone())?, report.clone());
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
