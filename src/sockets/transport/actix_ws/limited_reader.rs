//! The reading half of a socket: frames from actix-ws, put together to messages within the limits.

use std::io::ErrorKind;
use std::rc::Rc;

use actix_http::ws::{Item, Message};
use actix_ws::{AggregatedMessage, MessageStream, ProtocolError};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use crate::broadcast::Socket;

use crate::sockets::transport::frames::FrameError;
use crate::sockets::transport::reader::MessageReader;

use super::raw_fd::RawFd;
use super::unfinished_frame_limit::UnfinishedFrameLimit;

/// Messages from actix-ws, with a limit on an incomplete one. actix-ws can put fragments together itself, but then nobody
/// sees them, and each of them is a sign of life.
pub(super) struct LimitedReader {
    pub(super) socket: Rc<Socket>,
    pub(super) frames: MessageStream,
    pub(super) limit: UnfinishedFrameLimit,
    pub(super) max_message_bytes: usize,
    /// The beginning of a message.
    pub(super) fragments: Option<UnfinishedMessage>,
    pub(super) raw_fd: Option<RawFd>,
}

/// What has come of a message.
pub(super) struct UnfinishedMessage {
    is_text: bool,
    bytes: BytesMut,
}

impl LimitedReader {
    fn accept(&mut self, frame: Message) -> Result<Option<AggregatedMessage>, FrameError> {
        let item = match frame {
            Message::Text(text) => return Ok(Some(AggregatedMessage::Text(text))),
            Message::Binary(bytes) => return Ok(Some(AggregatedMessage::Binary(bytes))),
            Message::Ping(payload) => return Ok(Some(AggregatedMessage::Ping(payload))),
            Message::Pong(payload) => return Ok(Some(AggregatedMessage::Pong(payload))),
            Message::Close(reason) => return Ok(Some(AggregatedMessage::Close(reason))),
            Message::Continuation(item) => item,
            Message::Nop => return Ok(None),
        };
        match item {
            Item::FirstText(bytes) => {
                self.fragments = Some(UnfinishedMessage { is_text: true, bytes: bytes.as_ref().into() })
            }
            Item::FirstBinary(bytes) => {
                self.fragments = Some(UnfinishedMessage { is_text: false, bytes: bytes.as_ref().into() });
            }
            Item::Continue(bytes) => self.append(&bytes)?,
            Item::Last(bytes) => {
                self.append(&bytes)?;
                return self.fragments.take().map(UnfinishedMessage::message).transpose();
            }
        }
        Ok(None)
    }

    fn append(&mut self, bytes: &Bytes) -> Result<(), FrameError> {
        let fragments = self.fragments.as_mut().ok_or(FrameError::Protocol)?;
        if fragments.bytes.len() + bytes.len() > self.max_message_bytes {
            return Err(FrameError::TooLarge);
        }
        fragments.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl UnfinishedMessage {
    fn message(self) -> Result<AggregatedMessage, FrameError> {
        let bytes = self.bytes.freeze();
        if !self.is_text {
            return Ok(AggregatedMessage::Binary(bytes));
        }
        ByteString::try_from(bytes).map(AggregatedMessage::Text).map_err(|_| FrameError::Invalid)
    }
}

impl MessageReader for LimitedReader {
    async fn recv(&mut self) -> Option<Result<AggregatedMessage, FrameError>> {
        loop {
            let frame = self.frames.recv().await?;
            self.limit.reset();
            self.socket.heard();
            match frame.map_err(FrameError::from).and_then(|frame| self.accept(frame)) {
                Ok(None) => {}
                Ok(Some(message)) => return Some(Ok(message)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn cut(&self) {
        if let Some(raw_fd) = &self.raw_fd {
            raw_fd.shut_down();
        }
    }
}

impl From<ProtocolError> for FrameError {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::Overflow => Self::TooLarge,
            ProtocolError::Io(error) if error.kind() == ErrorKind::InvalidData => Self::Invalid,
            // The limit's: so much came, and no message is complete.
            ProtocolError::Io(_) => Self::TooLarge,
            _ => Self::Protocol,
        }
    }
}
