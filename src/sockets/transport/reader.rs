//! The interface between a session and its transport.
//!
//! Two transports stand behind it. `tcp` owns the connection from the upgrade on: the hub writes straight to it, and an
//! idle socket costs little more than what the kernel keeps. `actix_ws` goes through the library of that name, and so works
//! wherever actix-web does. `HUBBUB_SOCKET_TRANSPORT` chooses, and the same tests hold for both.

use actix_ws::AggregatedMessage;

use super::frames::FrameError;

/// The reading half of a socket's connection.
pub(in crate::sockets) trait MessageReader {
    /// The next message, put together from its fragments; `None` when the connection has ended. Cancel safe.
    ///
    /// Tells the socket of each whole frame that it was heard, fragments and control frames among them.
    ///
    /// # Errors
    /// An invalid or too large message (RFC 6455). The connection must then be closed.
    async fn recv(&mut self) -> Option<Result<AggregatedMessage, FrameError>>;

    /// Shuts the connection down at once; unsent data is lost.
    fn cut(&self);
}
