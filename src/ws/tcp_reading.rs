//! The reading half of a connection that the socket server owns.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_codec::Decoder;
use actix_http::ws::{Codec, Frame, Item, OpCode, ProtocolError};
use actix_web::rt::net::TcpStream;
use actix_ws::AggregatedMessage;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use rustix::net::Shutdown;

use crate::broadcast::Socket;

use super::tcp::end;
use super::wire::Reading;

/// What is read at once; a socket keeps of it only what is no whole frame yet.
const READ_BYTES: usize = 64 * 1024;
/// The longest header of a client's frame: two bytes, eight of length, four of mask.
const MAX_HEADER_BYTES: usize = 14;

thread_local! {
    /// One for all sockets of a thread: most of the time they have nothing to say.
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}

/// Reads messages from a connection; and writes to it, when it takes again what its outbox had to keep.
pub(super) struct TcpReading {
    stream: Rc<TcpStream>,
    socket: Rc<Socket>,
    codec: Codec,
    /// What came and is no whole frame yet.
    unread: BytesMut,
    fragments: Option<Fragments>,
    max_frame_bytes: usize,
    phase: Phase,
}

/// The beginning of a message.
struct Fragments {
    kind: OpCode,
    bytes: BytesMut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Frames are read.
    Open,
    /// The client's frames make no sense: nothing is read from them any more, but until its end the connection stays, or
    /// the close frame might be lost with what the client still sends.
    Failed,
    /// The client has closed or is gone: when the outbox is empty, the connection is over.
    Closed,
}

impl TcpReading {
    pub(super) fn new(stream: Rc<TcpStream>, socket: Rc<Socket>, unread: BytesMut, max_frame_bytes: usize) -> Self {
        let codec = Codec::new().max_size(max_frame_bytes);
        // The dispatcher's buffer has room for much more than there is in it.
        let unread = if unread.is_empty() { BytesMut::new() } else { BytesMut::from(unread.as_ref()) };
        Self { stream, socket, codec, unread, fragments: None, max_frame_bytes, phase: Phase::Open }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<AggregatedMessage, ProtocolError>>> {
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
        let outbox = self.socket.outbox();
        while outbox.poll_blocked(cx).is_ready() {
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(_) => outbox.resume(),
                Poll::Pending => return Poll::Pending,
            }
        }
        if outbox.is_empty() { Poll::Ready(()) } else { Poll::Pending }
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
    fn next_message(&mut self) -> Result<Option<AggregatedMessage>, ProtocolError> {
        while let Some(frame) = self.codec.decode(&mut self.unread)? {
            if let Some(message) = self.accept(frame)? {
                return Ok(Some(message));
            }
        }
        // The parser looks at a frame's length only when it has all of it.
        if self.unread.len() > self.max_frame_bytes + MAX_HEADER_BYTES {
            return Err(ProtocolError::Overflow);
        }
        if self.unread.is_empty() {
            self.unread = BytesMut::new();
        }
        Ok(None)
    }

    fn accept(&mut self, frame: Frame) -> Result<Option<AggregatedMessage>, ProtocolError> {
        let message = match frame {
            Frame::Text(bytes) => text(bytes)?,
            Frame::Binary(bytes) => AggregatedMessage::Binary(bytes),
            Frame::Ping(payload) => AggregatedMessage::Ping(payload),
            Frame::Pong(payload) => AggregatedMessage::Pong(payload),
            Frame::Close(reason) => {
                self.phase = Phase::Closed;
                AggregatedMessage::Close(reason)
            }
            Frame::Continuation(item) => return self.put_together(item),
        };
        Ok(Some(message))
    }

    fn put_together(&mut self, item: Item) -> Result<Option<AggregatedMessage>, ProtocolError> {
        match item {
            Item::FirstText(bytes) => self.begin(OpCode::Text, &bytes),
            Item::FirstBinary(bytes) => self.begin(OpCode::Binary, &bytes),
            Item::Continue(bytes) => self.go_on(&bytes)?,
            Item::Last(bytes) => {
                self.go_on(&bytes)?;
                let whole = self.fragments.take().ok_or(ProtocolError::ContinuationNotStarted)?;
                let bytes = whole.bytes.freeze();
                let message = if whole.kind == OpCode::Text { text(bytes)? } else { AggregatedMessage::Binary(bytes) };
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn begin(&mut self, kind: OpCode, bytes: &[u8]) {
        self.fragments = Some(Fragments { kind, bytes: BytesMut::from(bytes) });
    }

    fn go_on(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        let fragments = self.fragments.as_mut().ok_or(ProtocolError::ContinuationNotStarted)?;
        if fragments.bytes.len() + bytes.len() > self.max_frame_bytes {
            return Err(ProtocolError::Overflow);
        }
        fragments.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

fn text(bytes: Bytes) -> Result<AggregatedMessage, ProtocolError> {
    let not_utf8 = |error| ProtocolError::Io(io::Error::new(io::ErrorKind::InvalidData, error));
    ByteString::try_from(bytes).map(AggregatedMessage::Text).map_err(not_utf8)
}

impl Reading for TcpReading {
    async fn recv(&mut self) -> Option<Result<AggregatedMessage, ProtocolError>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn cut(&self) {
        end(&self.stream, Shutdown::Both);
    }
}
