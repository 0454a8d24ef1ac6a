//! The reading half of a connection that the socket server owns.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_http::ws::Parser;
use actix_web::rt::net::TcpStream;
use actix_ws::AggregatedMessage;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use rustix::net::{Shutdown, shutdown};
use tracing::debug;

use crate::broadcast::Socket;

use super::frames::{FrameError, FrameRules, Opcode, WebSocketFrame};
use super::inflate::inflate;
use super::reader::MessageReader;

/// What is read at once; a socket keeps of it only an incomplete frame.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    /// One for all sockets of a thread: most of the time they have nothing to say.
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}

/// Reads messages from a connection; and writes queued data to it when it becomes writable again.
pub(super) struct TcpReader {
    stream: Rc<TcpStream>,
    socket: Rc<Socket>,
    rules: FrameRules,
    /// Received bytes that are not a complete frame yet.
    unread: BytesMut,
    fragments: Option<Fragments>,
    phase: Phase,
}

/// The beginning of a message.
struct Fragments {
    kind: Kind,
    bytes: BytesMut,
}

/// What the first frame says of the whole message.
struct Kind {
    is_text: bool,
    is_deflated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Frames are read.
    Open,
    /// The client sent an invalid frame: further input is discarded, but until its end the connection stays, or
    /// the close frame might be lost with what the client still sends.
    Failed,
    /// The client has closed or is gone: when the send queue is empty, the connection is over.
    Closed,
}

impl TcpReader {
    pub(super) fn new(stream: Rc<TcpStream>, socket: Rc<Socket>, unread: BytesMut, rules: FrameRules) -> Self {
        // The dispatcher's buffer has room for much more than there is in it.
        let unread = if unread.is_empty() { BytesMut::new() } else { BytesMut::from(unread.as_ref()) };
        Self { stream, socket, rules, unread, fragments: None, phase: Phase::Open }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<AggregatedMessage, FrameError>>> {
        loop {
            if self.phase == Phase::Open {
                match self.next_message() {
                    Ok(Some(message)) => return Poll::Ready(Some(Ok(message))),
                    Ok(None) => {}
                    Err(error) => {
                        self.phase = Phase::Failed;
                        self.unread = BytesMut::new();
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            let is_written = self.poll_write(cx).is_ready();
            match self.phase {
                Phase::Closed if is_written => return Poll::Ready(None),
                Phase::Closed => return Poll::Pending,
                Phase::Failed if is_written => end(&self.stream, Shutdown::Write),
                Phase::Failed | Phase::Open => {}
            }
            match self.stream.poll_read_ready(cx) {
                Poll::Ready(Ok(())) => self.read(),
                Poll::Ready(Err(_)) => self.phase = Phase::Closed,
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Writes what the connection did not take before; ready when nothing waits.
    fn poll_write(&self, cx: &mut Context<'_>) -> Poll<()> {
        let send_queue = self.socket.send_queue();
        while send_queue.poll_blocked(cx).is_ready() {
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(_) => send_queue.resume(),
                Poll::Pending => return Poll::Pending,
            }
        }
        if send_queue.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn read(&mut self) {
        READ_BUFFER.with_borrow_mut(|buffer| match self.stream.try_read(buffer) {
            Ok(0) => self.phase = Phase::Closed,
            Ok(count) if self.phase == Phase::Open => self.unread.extend_from_slice(&buffer[..count]),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.phase = Phase::Closed,
        });
    }

    /// The next whole message among what was read.
    fn next_message(&mut self) -> Result<Option<AggregatedMessage>, FrameError> {
        while let Some(frame) = self.rules.next_frame(&mut self.unread)? {
            // A long message may take a while, and each of its fragments is a sign of life.
            self.socket.heard();
            if let Some(message) = self.accept(frame)? {
                return Ok(Some(message));
            }
        }
        if self.unread.is_empty() {
            self.unread = BytesMut::new();
        }
        Ok(None)
    }

    fn accept(&mut self, frame: WebSocketFrame) -> Result<Option<AggregatedMessage>, FrameError> {
        let WebSocketFrame { opcode, is_last, is_deflated, payload } = frame;
        let (kind, whole) = match opcode {
            Opcode::Ping => return Ok(Some(AggregatedMessage::Ping(payload))),
            Opcode::Pong => return Ok(Some(AggregatedMessage::Pong(payload))),
            Opcode::Close => {
                let reason = Parser::try_parse_close_payload(&payload).map_err(|_| FrameError::Protocol)?;
                self.phase = Phase::Closed;
                return Ok(Some(AggregatedMessage::Close(reason)));
            }
            Opcode::Text | Opcode::Binary if self.fragments.is_some() => return Err(FrameError::Protocol),
            Opcode::Text | Opcode::Binary => {
                let kind = Kind { is_text: opcode == Opcode::Text, is_deflated };
                if !is_last {
                    self.fragments = Some(Fragments { kind, bytes: BytesMut::from(payload.as_ref()) });
                    return Ok(None);
                }
                (kind, payload)
            }
            Opcode::Continuation => {
                let mut fragments = self.fragments.take().ok_or(FrameError::Protocol)?;
                if fragments.bytes.len() + payload.len() > self.rules.max_payload_bytes {
                    return Err(FrameError::TooLarge);
                }
                fragments.bytes.extend_from_slice(&payload);
                if !is_last {
                    self.fragments = Some(fragments);
                    return Ok(None);
                }
                (fragments.kind, fragments.bytes.freeze())
            }
        };
        kind.message(whole, self.rules.max_payload_bytes).map(Some)
    }
}

impl Kind {
    fn message(self, bytes: Bytes, max_bytes: usize) -> Result<AggregatedMessage, FrameError> {
        let bytes = if self.is_deflated { inflate(&bytes, max_bytes)? } else { bytes };
        if !self.is_text {
            return Ok(AggregatedMessage::Binary(bytes));
        }
        ByteString::try_from(bytes).map(AggregatedMessage::Text).map_err(|_| FrameError::Invalid)
    }
}

impl MessageReader for TcpReader {
    async fn recv(&mut self) -> Option<Result<AggregatedMessage, FrameError>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn cut(&self) {
        end(&self.stream, Shutdown::Both);
    }
}

/// Ends a connection in one direction or both. What waits in the kernel is lost with both, and sent with one.
fn end(stream: &TcpStream, how: Shutdown) {
    if let Err(error) = shutdown(stream.as_fd(), how) {
        // The client was faster.
        debug!(%error, "the connection had ended already");
    }
}
