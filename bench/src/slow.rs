//! Readers beside clients that do not read, that write a byte at a time, or that are half gone: what they lose by it.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::crowd::{Crowd, Heard, client_frame};
use crate::dialect::{App, CHANNEL, Dialect};
use crate::gauges::gauges;
use crate::process::{allow_sockets, resident_kib};
use crate::publisher::Publisher;
use crate::report::{append, median};
use crate::server::Server;

/// Measure what slow and hostile clients cost the others
#[derive(Args)]
pub(crate) struct SlowArgs {
    /// How many sockets read what they are sent
    #[arg(long, default_value_t = 9_000)]
    readers: usize,
    /// How many never read, how many write a byte at a time, and how many are half open: so many of each
    #[arg(long, default_value_t = 333)]
    slow: usize,
    /// Events to the readers in one run
    #[arg(long, default_value_t = 300)]
    events: usize,
    /// Runs of each kind, in turn; the table shows the median
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Bytes that may wait for one socket: the server's `HUBBUB_MAX_QUEUED_BYTES`
    #[arg(long, default_value_t = 1_048_576)]
    max_queued_bytes: u64,
}

/// One run.
#[derive(Serialize)]
struct SlowResult {
    readers: usize,
    slow_of_each_kind: usize,
    /// From the POST to each reader.
    p50_ms: f64,
    p99_ms: f64,
    /// How much more the server held after the events than before them, at the most.
    grown_kib: u64,
    /// What may wait for those who do not read.
    bound_kib: u64,
    /// Pongs to those who wrote a byte at a time.
    slow_writers_answered: usize,
    /// Sockets that the server has at the end besides those that behave.
    left_over: u64,
}

/// The channel of those who do not read: it is flooded.
const FLOOD: &str = "flood";
/// Bytes of an event that floods. The kernel takes megabytes for a socket before the server has to keep anything.
const FLOOD_BYTES: usize = 10_000;
/// Floods between two measured events.
const FLOODS: usize = 2;
const ACTIVITY_TIMEOUT_SECS: u64 = 20;
const PONG_TIMEOUT_SECS: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn measure(program: &Path, results: &Path, args: &SlowArgs) -> Result<()> {
    allow_sockets(args.readers + 3 * args.slow)?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..args.runs {
        for (slow, runs) in [(0, &mut alone), (args.slow, &mut beside)] {
            let result = run(program, slow, args)?;
            append(results, "slow", &result)?;
            runs.push(result);
        }
    }
    println!(
        "| readers | slow | p50 ms | p99 ms | MiB grown | MiB allowed | one-byte writers answered | sockets left over |\n\
         |---|---|---|---|---|---|---|---|"
    );
    let p99 = |runs: &[SlowResult]| median(runs.iter().map(|run| run.p99_ms).collect());
    for runs in [&alone, &beside] {
        println!(
            "| {} | 3 × {} | {:.1} | {:.1} | {:.1} | {:.1} | {} | {} |",
            args.readers,
            runs[0].slow_of_each_kind,
            median(runs.iter().map(|run| run.p50_ms).collect()),
            p99(runs),
            runs.iter().map(|run| run.grown_kib).max().unwrap_or(0) as f64 / 1024.0,
            runs[0].bound_kib as f64 / 1024.0,
            runs.iter().map(|run| run.slow_writers_answered).min().unwrap_or(0),
            runs.iter().map(|run| run.left_over).max().unwrap_or(0),
        );
    }
    println!("\np99 beside the slow, against alone: {:.2}", p99(&beside) / p99(&alone));
    for run in &beside {
        ensure!(run.grown_kib <= run.bound_kib, "{} KiB wait, more than {} KiB", run.grown_kib, run.bound_kib);
        ensure!(run.slow_writers_answered == args.slow, "only {} slow writers had a pong", run.slow_writers_answered);
        ensure!(run.left_over == 0, "{} sockets that are gone stay", run.left_over);
    }
    Ok(())
}

fn run(program: &Path, slow: usize, args: &SlowArgs) -> Result<SlowResult> {
    let app = App::of_the_bench();
    let settings = [
        ("HUBBUB_MAX_QUEUED_BYTES", args.max_queued_bytes.to_string()),
        ("HUBBUB_ACTIVITY_TIMEOUT_SECS", ACTIVITY_TIMEOUT_SECS.to_string()),
        ("HUBBUB_PONG_TIMEOUT_SECS", PONG_TIMEOUT_SECS.to_string()),
    ];
    let server = Server::start_with_settings(program, &app, &settings)?;
    let mut stage = Stage::set(&server.address, &app, slow, args)?;
    let resident_before = resident_kib(server.pid())?;
    let (mut latencies, mut resident_most) = (Histogram::<u64>::new(3)?, resident_before);
    for number in 0..args.events {
        stage.harass(number)?;
        stage.deliver(number, args.readers, &mut latencies)?;
        if number % 10 == 0 {
            resident_most = resident_most.max(resident_kib(server.pid())?);
        }
    }
    let left_over = stage.wait_for_the_gone(&server.address, args.readers + slow)?;
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
    Ok(SlowResult {
        readers: args.readers,
        slow_of_each_kind: slow,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        grown_kib: resident_most.saturating_sub(resident_before),
        bound_kib: slow as u64 * args.max_queued_bytes / 1024 + RUNNING_KIB,
        slow_writers_answered: stage.pongs,
        left_over,
    })
}

/// What a server may take to run, whoever is connected.
const RUNNING_KIB: u64 = 16 * 1024;

/// Who takes part.
struct Stage {
    crowd: Crowd,
    publisher: Publisher,
    flooder: Option<Publisher>,
    /// Readers by their index in the crowd.
    is_reader: Vec<bool>,
    writers: Vec<usize>,
    ping: Vec<u8>,
    pongs: usize,
}

impl Stage {
    fn set(address: &str, app: &App, slow: usize, args: &SlowArgs) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        let mut crowd = Crowd::new(address, app.clone())?;
        let readers = crowd.connect(args.readers, deadline)?;
        let (stalled, writers) = (crowd.connect(slow, deadline)?, crowd.connect(slow, deadline)?);
        for &reader in &readers {
            crowd.join(reader, CHANNEL)?;
        }
        for &stalled in &stalled {
            crowd.join(stalled, FLOOD)?;
        }
        let mut joined = 0;
        while joined < args.readers + slow {
            ensure!(Instant::now() < deadline, "only {joined} joined in time");
            joined += crowd
                .hear(Duration::from_millis(100))?
                .iter()
                .filter(|(_, heard)| matches!(heard, Heard::Joined))
                .count();
        }
        for &stalled in &stalled {
            crowd.stop_reading(stalled);
        }
        // Half of the half open are connections that never ask for anything, half are sockets that fall silent.
        for index in crowd.connect(slow / 2, deadline)? {
            crowd.stop_reading(index);
        }
        for _ in slow / 2..slow {
            crowd.come_mute()?;
        }
        let mut is_reader = vec![false; args.readers + 4 * slow];
        for reader in readers {
            is_reader[reader] = true;
        }
        let flooder = if slow > 0 { Some(Publisher::connect(address, Dialect::Pusher(app.clone()))?) } else { None };
        let ping = client_frame(1, br#"{"event":"pusher:ping","data":{}}"#);
        let publisher = Publisher::connect(address, Dialect::Pusher(app.clone()))?;
        Ok(Self { crowd, publisher, flooder, is_reader, writers, ping, pongs: 0 })
    }

    /// Floods those who do not read, and has each slow writer write one byte more.
    fn harass(&mut self, number: usize) -> Result<()> {
        if let Some(flooder) = &mut self.flooder {
            for _ in 0..FLOODS {
                flooder.publish_to(FLOOD, number, FLOOD_BYTES)?;
            }
        }
        if let Some(&byte) = self.ping.get(number) {
            for &writer in &self.writers {
                self.crowd.send(writer, &[byte])?;
            }
        }
        Ok(())
    }

    /// Publishes an event and waits until every reader has it.
    fn deliver(&mut self, number: usize, readers: usize, latencies: &mut Histogram<u64>) -> Result<()> {
        let begin = Instant::now();
        self.publisher.publish(number, 200)?;
        let mut arrived = 0;
        while arrived < readers {
            ensure!(begin.elapsed() < PATIENCE, "only {arrived} of {readers} readers have event {number}");
            let heard = self.crowd.hear(Duration::from_millis(100))?;
            let micros = u64::try_from(begin.elapsed().as_micros())?.max(1);
            for (index, heard) in heard {
                let is_reader = self.is_reader.get(index).copied().context("somebody unknown")?;
                match heard {
                    Heard::Event(came) if is_reader => {
                        ensure!(came == number, "event {came} came instead of {number}");
                        latencies.record(micros)?;
                        arrived += 1;
                    }
                    Heard::Ended if is_reader => bail!("the server closed a reader"),
                    Heard::Pong => self.pongs += 1,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Waits until the server has only those who behave; answers how many more there are after all its timeouts.
    fn wait_for_the_gone(&mut self, address: &str, well_behaved: usize) -> Result<u64> {
        let end = Instant::now() + Duration::from_secs(ACTIVITY_TIMEOUT_SECS + PONG_TIMEOUT_SECS + 10);
        loop {
            for (_, heard) in self.crowd.hear(Duration::from_millis(50))? {
                self.pongs += usize::from(matches!(heard, Heard::Pong));
            }
            let [sockets, ..] = gauges(address)?;
            if sockets <= well_behaved as u64 || Instant::now() > end {
                return Ok(sockets.saturating_sub(well_behaved as u64));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}
