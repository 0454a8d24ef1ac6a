//! Many WebSockets in one thread: the generator must cost less than what it measures.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::publisher::CHANNEL;

/// Handshakes under way at once.
const CONNECTING_AT_ONCE: usize = 128;
/// A frame's opcode for text, with the bit of a last fragment.
const TEXT: u8 = 0x81;

/// Sockets that are all in the channel.
pub(crate) struct Sockets {
    poll: Poll,
    events: Events,
    sockets: Vec<Socket>,
    /// Which events have come so far, and to how many sockets.
    arrived: HashMap<usize, usize>,
    buffer: Box<[u8]>,
}

struct Socket {
    stream: TcpStream,
    phase: Phase,
    /// The beginning of a frame or of the answer to the handshake.
    unread: Vec<u8>,
    /// Numbers of the events that came, to find one that comes twice: a bit for each.
    seen: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    ShakingHands,
    Greeted,
    Joined,
}

impl Sockets {
    /// Connects `count` sockets and has them join the channel.
    pub(crate) fn connect(address: &str, key: &str, count: usize, deadline: Instant) -> Result<Self> {
        let address: SocketAddr = address.parse().context("the address is none")?;
        let (poll, events) = (Poll::new()?, Events::with_capacity(1_024));
        let mut all = Self {
            poll,
            events,
            sockets: Vec::with_capacity(count),
            arrived: HashMap::new(),
            buffer: vec![0; 256 * 1024].into_boxed_slice(),
        };
        let handshake = format!(
            "GET /app/{key}?protocol=7&client=bench&version=1.0 HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        let mut joined = 0;
        while joined < count {
            ensure!(Instant::now() < deadline, "only {joined} of {count} sockets joined in time");
            while all.sockets.len() < count && all.sockets.len() - joined < CONNECTING_AT_ONCE {
                let mut stream = TcpStream::connect(address)?;
                let token = Token(all.sockets.len());
                all.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
                all.sockets.push(Socket { stream, phase: Phase::Connecting, unread: Vec::new(), seen: Vec::new() });
            }
            joined += all.go_on_connecting(handshake.as_bytes())?;
        }
        Ok(all)
    }

    /// Answers how many sockets joined meanwhile.
    fn go_on_connecting(&mut self, handshake: &[u8]) -> Result<usize> {
        self.poll.poll(&mut self.events, Some(Duration::from_millis(100)))?;
        let mut joined = 0;
        for event in &self.events {
            let socket = &mut self.sockets[event.token().0];
            if socket.phase == Phase::Connecting && event.is_writable() {
                socket.stream.set_nodelay(true)?;
                socket.stream.write_all(handshake).context("the handshake")?;
                socket.phase = Phase::ShakingHands;
            }
            if !event.is_readable() {
                continue;
            }
            socket.read(&mut self.buffer)?;
            if socket.phase == Phase::ShakingHands && socket.take_head()? {
                socket.phase = Phase::Greeted;
            }
            while let Some(frame) = socket.next_frame() {
                match event_name(&frame) {
                    Some("pusher:connection_established") => {
                        let subscribe = format!(r#"{{"event":"pusher:subscribe","data":{{"channel":"{CHANNEL}"}}}}"#);
                        socket.stream.write_all(&masked(subscribe.as_bytes())).context("subscribing")?;
                    }
                    Some("pusher_internal:subscription_succeeded") => {
                        socket.phase = Phase::Joined;
                        joined += 1;
                    }
                    other => bail!("instead of an answer came {other:?}"),
                }
            }
        }
        Ok(joined)
    }

    /// Reads what has come; answers the events that every socket has now.
    pub(crate) fn read(&mut self, patience: Duration) -> Result<Vec<usize>> {
        self.poll.poll(&mut self.events, Some(patience))?;
        let (count, mut complete) = (self.sockets.len(), Vec::new());
        for event in &self.events {
            let socket = &mut self.sockets[event.token().0];
            socket.read(&mut self.buffer)?;
            while let Some(frame) = socket.next_frame() {
                let Some(number) = number_of(&frame) else { continue };
                socket.note(number)?;
                let arrived = self.arrived.entry(number).or_default();
                *arrived += 1;
                if *arrived == count {
                    self.arrived.remove(&number);
                    complete.push(number);
                }
            }
        }
        Ok(complete)
    }
}

impl Socket {
    fn read(&mut self, buffer: &mut [u8]) -> Result<()> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed a socket"),
                Ok(count) => {
                    self.unread.extend(&buffer[..count]);
                    // A short read has emptied the socket, and the next arrival is another event.
                    if count < buffer.len() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("reading"),
            }
        }
    }

    fn take_head(&mut self) -> Result<bool> {
        let Some(end) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(false) };
        ensure!(self.unread.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&self.unread));
        self.unread.drain(..end + 4);
        Ok(true)
    }

    fn next_frame(&mut self) -> Option<Vec<u8>> {
        if matches!(self.phase, Phase::Connecting | Phase::ShakingHands) {
            return None;
        }
        let (header, length) = match *self.unread.get(1)? {
            126 => (4, usize::from(u16::from_be_bytes([*self.unread.get(2)?, *self.unread.get(3)?]))),
            127 => (10, usize::try_from(u64::from_be_bytes(self.unread.get(2..10)?.try_into().ok()?)).ok()?),
            short => (2, usize::from(short)),
        };
        let frame = self.unread.get(header..header + length)?.to_vec();
        self.unread.drain(..header + length);
        Some(frame)
    }

    fn note(&mut self, number: usize) -> Result<()> {
        let (word, bit) = (number / 64, 1 << (number % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        ensure!(self.seen[word] & bit == 0, "event {number} came twice");
        self.seen[word] |= bit;
        Ok(())
    }
}

fn event_name(frame: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(frame).ok()?;
    let (_, rest) = text.split_once(r#""event":""#)?;
    rest.split('"').next()
}

/// The number in an event's data, which is JSON within a JSON text.
pub(crate) fn number_of(frame: &[u8]) -> Option<usize> {
    const BEFORE: &[u8] = br#"\"number\":"#;
    let begin = frame.windows(BEFORE.len()).position(|bytes| bytes == BEFORE)? + BEFORE.len();
    std::str::from_utf8(frame.get(begin..begin + 8)?).ok()?.parse().ok()
}

/// A client's text frame. The mask is all zeros, which is one like any other.
fn masked(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or(125);
    [&[TEXT, 0x80 | length, 0, 0, 0, 0], text].concat()
}
