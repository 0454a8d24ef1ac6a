//! A crowd of sockets in one thread, each of which does what it is told: it joins, leaves, says half a word, goes or is
//! torn away.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hmac::{Hmac, KeyInit, Mac};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};
use sha2::Sha256;
use socket2::SockRef;

use crate::dialect::App;
use crate::dialect::number_of;

/// Handshakes under way at once.
const CONNECTING_AT_ONCE: usize = 128;
const OPCODE_TEXT: u8 = 1;
const OPCODE_CLOSE: u8 = 8;

/// Sockets of one app.
pub(crate) struct Crowd {
    address: SocketAddr,
    app: App,
    poll: Poll,
    events: Events,
    clients: Vec<Option<Client>>,
    free: Vec<usize>,
    buffer: Box<[u8]>,
}

struct Client {
    stream: TcpStream,
    phase: Phase,
    id: String,
    /// The beginning of a frame or of the answer to the handshake.
    unread: Vec<u8>,
    /// What the connection did not take.
    unsent: Vec<u8>,
    reads: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    ShakingHands,
    Open,
    /// Connected, and never to say what for.
    Mute,
}

/// What came to a client.
#[derive(Debug)]
pub(crate) enum Heard {
    Established,
    Joined,
    Pong,
    /// An event with its number.
    Event(usize),
    /// Presence, counts and pings.
    Other,
    /// The connection is over; the client is forgotten.
    Ended,
}

impl Crowd {
    pub(crate) fn new(address: &str, app: App) -> Result<Self> {
        Ok(Self {
            address: address.parse().context("the address is none")?,
            app,
            poll: Poll::new()?,
            events: Events::with_capacity(1_024),
            clients: Vec::new(),
            free: Vec::new(),
            buffer: vec![0; 256 * 1024].into_boxed_slice(),
        })
    }

    /// Begins to connect a client; [`Heard::Established`] tells when it is a socket.
    pub(crate) fn come(&mut self) -> Result<usize> {
        self.connect_in(Phase::Connecting)
    }

    /// Connects, and sends nothing: an upgrade that is never asked for.
    pub(crate) fn come_mute(&mut self) -> Result<usize> {
        self.connect_in(Phase::Mute)
    }

    fn connect_in(&mut self, phase: Phase) -> Result<usize> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.clients.push(None);
            self.clients.len() - 1
        });
        let mut stream = TcpStream::connect(self.address)?;
        self.poll.registry().register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
        let (id, unread, unsent) = (String::new(), Vec::new(), Vec::new());
        self.clients[index] = Some(Client { stream, phase, id, unread, unsent, reads: true });
        Ok(index)
    }

    /// Connects so many clients and waits until all are sockets.
    pub(crate) fn connect(&mut self, count: usize, deadline: Instant) -> Result<Vec<usize>> {
        let (mut came, mut established) = (Vec::with_capacity(count), 0);
        while established < count {
            ensure!(Instant::now() < deadline, "only {established} of {count} sockets were taken in in time");
            while came.len() < count && came.len() - established < CONNECTING_AT_ONCE {
                came.push(self.come()?);
            }
            for (index, heard) in self.hear(Duration::from_millis(100))? {
                match heard {
                    Heard::Established => established += 1,
                    Heard::Ended if came.contains(&index) => bail!("the server closed a new socket"),
                    _ => {}
                }
            }
        }
        Ok(came)
    }

    /// Has a client join a channel of any kind, with the application's signature where it needs one.
    pub(crate) fn join(&mut self, index: usize, channel: &str) -> Result<()> {
        let Some(client) = self.clients.get(index).and_then(Option::as_ref) else { return Ok(()) };
        let mut data = json!({"channel": channel});
        if channel.starts_with("private-") || channel.starts_with("presence-") {
            let mut signed = format!("{}:{channel}", client.id);
            if channel.starts_with("presence-") {
                let member = json!({"user_id": index.to_string(), "user_info": {"name": "somebody"}}).to_string();
                signed = format!("{signed}:{member}");
                data["channel_data"] = member.into();
            }
            let mut mac = Hmac::<Sha256>::new_from_slice(self.app.secret.as_bytes())?;
            mac.update(signed.as_bytes());
            data["auth"] = format!("{}:{}", self.app.key, hex::encode(mac.finalize().into_bytes())).into();
        }
        self.say(index, &json!({"event": "pusher:subscribe", "data": data}))
    }

    pub(crate) fn leave(&mut self, index: usize, channel: &str) -> Result<()> {
        self.say(index, &json!({"event": "pusher:unsubscribe", "data": {"channel": channel}}))
    }

    /// Asks for a pong, which comes after the answers to all that was said before.
    pub(crate) fn ping(&mut self, index: usize) -> Result<()> {
        self.say(index, &json!({"event": "pusher:ping", "data": {}}))
    }

    fn say(&mut self, index: usize, frame: &Value) -> Result<()> {
        self.send(index, &client_frame(OPCODE_TEXT, frame.to_string().as_bytes()))
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, index: usize, bytes: &[u8]) -> Result<()> {
        match self.clients.get_mut(index).and_then(Option::as_mut) {
            Some(client) => client.send(bytes),
            None => Ok(()),
        }
    }

    /// Has a client read nothing any more.
    pub(crate) fn stop_reading(&mut self, index: usize) {
        if let Some(client) = &mut self.clients[index] {
            client.reads = false;
        }
    }

    /// Says goodbye as RFC 6455 has it; [`Heard::Ended`] follows.
    pub(crate) fn part(&mut self, index: usize) -> Result<()> {
        self.send(index, &client_frame(OPCODE_CLOSE, &1_000_u16.to_be_bytes()))
    }

    /// Resets the connection, as a client does that dies.
    pub(crate) fn tear(&mut self, index: usize) -> Result<()> {
        if let Some(client) = self.clients[index].take() {
            SockRef::from(&client.stream).set_linger(Some(Duration::ZERO))?;
            self.free.push(index);
        }
        Ok(())
    }

    /// Those who are sockets.
    pub(crate) fn open(&self) -> Vec<usize> {
        let is_open = |client: &Option<Client>| client.as_ref().is_some_and(|client| client.phase == Phase::Open);
        (0..self.clients.len()).filter(|&index| is_open(&self.clients[index])).collect()
    }

    /// All, also those who are not connected yet.
    pub(crate) fn all(&self) -> Vec<usize> {
        (0..self.clients.len()).filter(|&index| self.clients[index].is_some()).collect()
    }

    /// What comes within `patience`. Pings are answered.
    pub(crate) fn hear(&mut self, patience: Duration) -> Result<Vec<(usize, Heard)>> {
        self.poll.poll(&mut self.events, Some(patience))?;
        let mut all = Vec::new();
        let handshake = format!(
            "GET /app/{}?protocol=7&client=bench&version=1.0 HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            self.app.key, self.address
        );
        for event in &self.events {
            let index = event.token().0;
            let Some(client) = &mut self.clients[index] else { continue };
            if event.is_writable() {
                client.go_on(handshake.as_bytes())?;
            }
            if !event.is_readable() || !client.reads {
                continue;
            }
            let is_over = client.read(&mut self.buffer);
            client.take_head()?;
            while client.phase == Phase::Open
                && let Some((opcode, payload)) = take_frame(&mut client.unread)
            {
                if opcode == OPCODE_TEXT {
                    all.push((index, client.understand(&payload)?));
                }
            }
            if is_over {
                self.clients[index] = None;
                self.free.push(index);
                all.push((index, Heard::Ended));
            }
        }
        Ok(all)
    }
}

impl Client {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.unsent.extend(bytes);
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                // Reading finds the same, and tells.
                Err(_) => self.unsent.clear(),
            }
        }
        Ok(())
    }

    /// The connection takes something.
    fn go_on(&mut self, handshake: &[u8]) -> Result<()> {
        if self.phase == Phase::Connecting {
            self.phase = Phase::ShakingHands;
            self.stream.set_nodelay(true)?;
            return self.send(handshake);
        }
        self.send(&[])
    }

    /// Reads what there is; true when the connection is over.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return true,
                Ok(count) => self.unread.extend(&buffer[..count]),
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }

    fn take_head(&mut self) -> Result<()> {
        if self.phase == Phase::ShakingHands
            && let Some(end) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n")
        {
            ensure!(self.unread.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&self.unread));
            self.unread.drain(..end + 4);
            self.phase = Phase::Open;
        }
        Ok(())
    }

    fn understand(&mut self, payload: &[u8]) -> Result<Heard> {
        // What comes the most often is looked at the least.
        if let Some(number) = number_of(payload) {
            return Ok(Heard::Event(number));
        }
        let frame: Value = serde_json::from_slice(payload).context("a frame is no JSON")?;
        let data = || frame["data"].as_str().and_then(|data| serde_json::from_str::<Value>(data).ok());
        Ok(match frame["event"].as_str().unwrap_or_default() {
            "pusher:connection_established" => {
                let data = data().unwrap_or_default();
                self.id = data["socket_id"].as_str().context("no socket id")?.to_owned();
                Heard::Established
            }
            "pusher_internal:subscription_succeeded" => Heard::Joined,
            "pusher:pong" => Heard::Pong,
            "pusher:ping" => {
                self.send(&client_frame(OPCODE_TEXT, br#"{"event":"pusher:pong","data":{}}"#))?;
                Heard::Other
            }
            refusal @ ("pusher:error" | "pusher:subscription_error") => bail!("{refusal}: {}", frame["data"]),
            _ => Heard::Other,
        })
    }
}

/// A client's frame. The mask is all zeros, which is one like any other.
pub(crate) fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..=125), _) => frame.push(0x80 | short),
        (_, Ok(longer)) => {
            frame.push(0x80 | 126);
            frame.extend(longer.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    [frame.as_slice(), &[0; 4], payload].concat()
}

/// The first whole frame of what was read: its opcode and its payload.
fn take_frame(unread: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let (header, length) = match *unread.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(unread.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(unread.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let (opcode, payload) = (unread[0] & 0x0f, unread.get(header..header + length)?.to_vec());
    unread.drain(..header + length);
    Some((opcode, payload))
}
