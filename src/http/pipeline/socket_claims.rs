//! Which sockets are whose: `X-Socket-Id` counts only when the socket is the caller's own.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use crate::domain::UserId;
use crate::pusher::SocketId;

/// The sockets that asked this process for the right to a channel, each with the person who asked first. Socket ids cannot
/// be guessed, so the first is the owner.
///
/// Another process of several may have been asked: then the header does not count, and the page gets an event that it knows.
pub(crate) struct SocketClaims(Mutex<LruCache<SocketId, UserId>>);

impl Default for SocketClaims {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(Self::CAPACITY)))
    }
}

impl SocketClaims {
    /// About 8 MB when full. Beyond it the one that was used least recently is forgotten; its page claims it again with its
    /// next channel.
    const CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// Notes that a person asked for a right of this socket's.
    pub(crate) fn claim(&self, socket: SocketId, user: UserId) {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get_or_insert(socket, || user);
    }

    /// The socket, when it is this person's.
    pub(crate) fn own(&self, socket: Option<SocketId>, user: UserId) -> Option<SocketId> {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        socket.filter(|socket| owners.get(socket) == Some(&user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_belongs_to_whoever_asked_for_it_first() {
        let claims = SocketClaims::default();
        let socket = SocketId { run: 1, number: 2 };
        assert_eq!(claims.own(Some(socket), UserId(1)), None);
        claims.claim(socket, UserId(1));
        claims.claim(socket, UserId(2));
        assert_eq!(claims.own(Some(socket), UserId(1)), Some(socket));
        assert_eq!(claims.own(Some(socket), UserId(2)), None);
        assert_eq!(claims.own(None, UserId(1)), None);
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_what_is_used() {
        let claims = SocketClaims::default();
        let used = SocketId { run: 1, number: 0 };
        for number in 0..=SocketClaims::CAPACITY.get() as u64 {
            claims.claim(SocketId { run: 1, number }, UserId(1));
            assert_eq!(claims.own(Some(used), UserId(1)), Some(used), "what is used is kept");
        }
        assert_eq!(claims.0.lock().expect("usable").len(), SocketClaims::CAPACITY.get());
    }
}
