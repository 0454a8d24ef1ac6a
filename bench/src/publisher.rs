//! Publishes by HTTP over a connection that stays open, if the server lets it.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};

use crate::dialect::{CHANNEL, Dialect, data_of};

/// One connection to what publishes.
pub(crate) struct Publisher {
    dialect: Dialect,
    address: String,
    stream: TcpStream,
}

impl Publisher {
    pub(crate) fn connect(address: &str, dialect: Dialect) -> Result<Self> {
        Ok(Self { dialect, address: address.to_owned(), stream: connect(address)? })
    }

    /// Publishes event `number`, padded to `bytes` of data, and waits for the answer.
    pub(crate) fn publish(&mut self, number: usize, bytes: usize) -> Result<()> {
        self.publish_to(CHANNEL, number, bytes)
    }

    /// The same to another channel.
    pub(crate) fn publish_to(&mut self, channel: &str, number: usize, bytes: usize) -> Result<()> {
        let request = self.dialect.publish_request(&self.address, channel, &data_of(number, bytes))?;
        self.stream.write_all(request.as_bytes())?;
        let head = self.read_answer()?.to_ascii_lowercase();
        if head.contains("connection: close") {
            self.stream = connect(&self.address)?;
        }
        Ok(())
    }

    /// Answers the head.
    fn read_answer(&mut self) -> Result<String> {
        let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let count = self.stream.read(&mut chunk)?;
            ensure!(count > 0, "the server hung up");
            answer.extend(&chunk[..count]);
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
            });
            if body.len() >= length.context("an answer without a length")?? {
                ensure!(head.starts_with("HTTP/1.1 200"), "a publish was answered {text}");
                return Ok(head.to_owned());
            }
        }
    }
}

fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).context("connecting")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
