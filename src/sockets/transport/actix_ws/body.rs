//! The writing half of a socket: the body of the upgrade's response, which never ends before the socket does.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use crate::broadcast::Socket;

/// Writes a socket's send queue to its connection. The HTTP dispatcher polls it for the next bytes.
pub(super) struct SocketBody {
    socket: Rc<Socket>,
    /// The body that actix-ws made: when it is dropped, its message stream ends, and with it the socket's reader.
    _end_of_stream: BoxBody,
}

impl SocketBody {
    pub(super) fn new(socket: Rc<Socket>, end_of_stream: BoxBody) -> Self {
        Self { socket, _end_of_stream: end_of_stream }
    }
}

impl MessageBody for SocketBody {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        self.socket.send_queue().poll_write(cx).map(|written| written.map(Ok))
    }
}
