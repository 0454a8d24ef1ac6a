//! A soak: sockets come and go for as long as one likes, and once a minute all of them leave. Then nothing may be left.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use hyper::Method;
use serde::Serialize;
use serde_json::json;
use tokio::sync::oneshot::{Receiver, Sender, channel, error::TryRecvError};

use crate::client::Client;
use crate::crowd::{Crowd, Heard, client_frame};
use crate::dialect::{App, Dialect};
use crate::gauges::{gauges, wait_for_at_most};
use crate::process::resident_kib;
use crate::publisher::Publisher;
use crate::report::append;
use crate::server::Server;

/// Have sockets come and go, and fail when anything is left behind
#[derive(Args)]
pub(crate) struct SoakArgs {
    /// How many rounds of a minute
    #[arg(long, default_value_t = 15)]
    minutes: usize,
    /// How many sockets there are about
    #[arg(long, default_value_t = 500)]
    sockets: usize,
    /// Channels of each kind
    #[arg(long, default_value_t = 2_000)]
    channels: u64,
    /// Seconds of coming and going in each round
    #[arg(long, default_value_t = 50)]
    churn_secs: u64,
    /// By how many percent the last third of the rounds may hold more memory than the first, after one to warm up
    #[arg(long, default_value_t = 10)]
    allowed_percent: u64,
}

/// One round.
#[derive(Serialize)]
struct SoakResult {
    round: usize,
    came: u64,
    joins: u64,
    left: u64,
    reset: u64,
    events: u64,
    posts: u64,
    /// At most, of what was seen while they were there.
    sockets: u64,
    channels: u64,
    subscriptions: u64,
    resident_kib_left: u64,
}

/// Things that happen between two looks at the sockets.
const DEEDS: usize = 20;
/// How long what comes is waited for.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn measure(program: &Path, results: &Path, args: &SoakArgs) -> Result<()> {
    let app = App::of_the_bench();
    let server = Server::start_with_app(program, &app)?;
    let mut soak = Soak {
        crowd: Crowd::new(&server.address, app.clone())?,
        app,
        chance: Chance(0x9e37_79b9_7f4a_7c15),
        channels: args.channels.max(1),
    };
    println!(
        "| round | came | joins | left | reset | events | posts | sockets | channels | subscriptions | MiB when all have left |\n\
         |---|---|---|---|---|---|---|---|---|---|---|"
    );
    let mut resident = Vec::new();
    for round in 1..=args.minutes {
        let result = soak.round(&server, round, args)?;
        append(results, "soak", &result)?;
        println!(
            "| {round} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} |",
            result.came,
            result.joins,
            result.left,
            result.reset,
            result.events,
            result.posts,
            result.sockets,
            result.channels,
            result.subscriptions,
            result.resident_kib_left as f64 / 1024.0
        );
        resident.push(result.resident_kib_left);
    }
    compare(resident.get(1..).unwrap_or_default(), args.allowed_percent)
}

/// Fails when the last third is larger than the first.
fn compare(resident: &[u64], allowed_percent: u64) -> Result<()> {
    let third = resident.len() / 3;
    if third == 0 {
        println!("\nToo few rounds to say whether memory grows: it takes four.");
        return Ok(());
    }
    let mean = |rounds: &[u64]| rounds.iter().sum::<u64>() / rounds.len() as u64;
    let (first, last) = (mean(&resident[..third]), mean(&resident[resident.len() - third..]));
    println!("\nFirst third {first} KiB, last third {last} KiB; {allowed_percent} % more are allowed.");
    ensure!(last * 100 <= first * (100 + allowed_percent), "memory grows");
    Ok(())
}

struct Soak {
    crowd: Crowd,
    app: App,
    chance: Chance,
    channels: u64,
}

impl Soak {
    fn round(&mut self, server: &Server, round: usize, args: &SoakArgs) -> Result<SoakResult> {
        let mut publisher = Publisher::connect(&server.address, Dialect::Pusher(self.app.clone()))?;
        let (stop, posting) = post_meanwhile(&server.address);
        let mut result = SoakResult {
            round,
            came: 0,
            joins: 0,
            left: 0,
            reset: 0,
            events: 0,
            posts: 0,
            sockets: 0,
            channels: 0,
            subscriptions: 0,
            resident_kib_left: 0,
        };
        let end = Instant::now() + Duration::from_secs(args.churn_secs);
        let mut next_look = Instant::now();
        while Instant::now() < end {
            while self.crowd.all().len() < args.sockets {
                self.crowd.come()?;
                result.came += 1;
            }
            for _ in 0..DEEDS {
                self.do_something(&mut result)?;
            }
            let channel = self.any_channel();
            publisher.publish_to(&channel, 0, 200)?;
            for (_, heard) in self.crowd.hear(PAUSE)? {
                match heard {
                    Heard::Joined => result.joins += 1,
                    Heard::Event(_) => result.events += 1,
                    Heard::Established | Heard::Pong | Heard::Other | Heard::Ended => {}
                }
            }
            if Instant::now() >= next_look {
                let [sockets, channels, subscriptions] = gauges(&server.address)?;
                result.sockets = result.sockets.max(sockets);
                result.channels = result.channels.max(channels);
                result.subscriptions = result.subscriptions.max(subscriptions);
                next_look += Duration::from_secs(1);
            }
        }
        drop(stop);
        result.posts = posting.join().map_err(|_| anyhow::anyhow!("the poster broke down"))??;
        self.all_leave(&mut result)?;
        wait_for_at_most(&server.address, [0; 3])?;
        // The allocator hands pages back with some delay.
        thread::sleep(Duration::from_secs(2));
        result.resident_kib_left = resident_kib(server.pid())?;
        ensure!(result.joins > 0 && result.events > 0 && result.posts > 0, "nothing went on in round {round}");
        Ok(result)
    }

    /// What one client does next, by chance.
    fn do_something(&mut self, result: &mut SoakResult) -> Result<()> {
        let (open, channel) = (self.crowd.open(), self.any_channel());
        let Some(&client) = open.get(self.chance.below(open.len().max(1) as u64) as usize) else { return Ok(()) };
        match self.chance.below(100) {
            0..60 => self.crowd.join(client, &channel)?,
            60..85 => self.crowd.leave(client, &channel)?,
            85..92 => self.crowd.ping(client)?,
            92..95 => {
                self.crowd.part(client)?;
                result.left += 1;
            }
            95..97 => {
                self.crowd.tear(client)?;
                result.reset += 1;
            }
            // Torn away in the middle of a frame.
            97..99 => {
                let frame = client_frame(1, br#"{"event":"pusher:subscribe","data":{"channel":"never"}}"#);
                self.crowd.send(client, &frame[..frame.len() / 2])?;
                self.crowd.tear(client)?;
                result.reset += 1;
            }
            // Torn away in the middle of the handshake.
            _ => {
                let mute = self.crowd.come_mute()?;
                self.crowd.tear(mute)?;
                result.reset += 1;
            }
        }
        Ok(())
    }

    fn any_channel(&mut self) -> String {
        let kind = ["", "private-", "presence-"][self.chance.below(3) as usize];
        format!("{kind}soak-{}", self.chance.below(self.channels))
    }

    /// Every second one properly; and those who are still connecting not at all.
    fn all_leave(&mut self, result: &mut SoakResult) -> Result<()> {
        let open = self.crowd.open();
        for client in self.crowd.all() {
            if !open.contains(&client) {
                self.crowd.tear(client)?;
            }
        }
        for (place, client) in open.into_iter().enumerate() {
            if place % 2 == 0 {
                self.crowd.part(client)?;
                result.left += 1;
            } else {
                self.crowd.tear(client)?;
                result.reset += 1;
            }
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.crowd.open().is_empty() {
            ensure!(Instant::now() < deadline, "{} sockets were not let go", self.crowd.open().len());
            self.crowd.hear(Duration::from_millis(50))?;
        }
        Ok(())
    }
}

/// Posts messages in a thread of its own until the sender is dropped; the thread answers how many.
fn post_meanwhile(address: &str) -> (Sender<()>, thread::JoinHandle<Result<u64>>) {
    let (stop, stopped) = channel();
    let address = address.to_owned();
    let posting = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(tokio::task::LocalSet::new().run_until(post(&address, stopped)))
    });
    (stop, posting)
}

async fn post(address: &str, mut stopped: Receiver<()>) -> Result<u64> {
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let person = json!({"username": format!("p{unique}"), "password": "correct horse battery"});
    let session = Client::connect(address, None).await?.call(Method::POST, "/api/v1/users", &person).await?;
    let mut client = Client::connect(address, session["access_token"].as_str()).await?;
    let room = client.call(Method::POST, "/api/v1/rooms", &json!({"name": format!("Soak {unique}")})).await?;
    let path = format!("/api/v1/rooms/{}/messages", room["id"].as_i64().context("no id")?);
    let mut posts = 0;
    while matches!(stopped.try_recv(), Err(TryRecvError::Empty)) {
        let (status, answer) = client.send(Method::POST, &path, "text/plain", "The quick *brown* fox").await?;
        if !status.is_success() {
            bail!("a post was answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        posts += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(posts)
}

/// Chance that is the same each time: xorshift64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
