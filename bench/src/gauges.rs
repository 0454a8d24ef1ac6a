//! What the server says of itself at `/metrics`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// What is zero when everybody has left.
const GAUGES: [&str; 3] = ["hubbub_sockets", "hubbub_channels", "hubbub_subscriptions"];
/// How long the server may take to count out who has left.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sockets, channels and subscriptions.
pub(crate) fn gauges(address: &str) -> Result<[u64; 3]> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("reading /metrics")?;
    let mut values = [0; 3];
    for (value, name) in values.iter_mut().zip(GAUGES) {
        let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        *value = line.with_context(|| format!("no {name} in /metrics"))?.trim().parse()?;
    }
    Ok(values)
}

/// Waits until the server has no more than so many sockets, channels and subscriptions.
pub(crate) fn wait_for_at_most(address: &str, most: [u64; 3]) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = gauges(address)?;
        if now.iter().zip(most).all(|(now, most)| *now <= most) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{GAUGES:?} should be {most:?} and stay {now:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
