//! Which sockets are whose: `X-Socket-Id` counts only when the socket is the caller's own.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::UserId;
use crate::pusher::SocketId;

/// The sockets that asked this process for the right to a channel, each with the person who asked first. Socket ids cannot
/// be guessed, so the first is the owner.
///
/// Another process of several may have been asked: then the header does not count, and the page gets an event that it knows.
#[derive(Default)]
pub(crate) struct SocketClaims(RwLock<HashMap<SocketId, UserId>>);

impl SocketClaims {
    /// About 4 MB when full. Beyond it everything is forgotten; pages claim their sockets again with their next channel.
    const CAPACITY: usize = 100_000;

    /// Notes that a person asked for a right of this socket's.
    pub(crate) fn claim(&self, socket: SocketId, user: UserId) {
        let mut owners = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= Self::CAPACITY {
            owners.clear();
        }
        owners.entry(socket).or_insert(user);
    }

    /// The socket, when it is this person's.
    pub(crate) fn own(&self, socket: Option<SocketId>, user: UserId) -> Option<SocketId> {
        let owners = self.0.read().unwrap_or_else(PoisonError::into_inner);
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
    fn the_memory_is_bounded() {
        let claims = SocketClaims::default();
        for number in 0..=SocketClaims::CAPACITY as u64 {
            claims.claim(SocketId { run: 1, number }, UserId(1));
        }
        assert_eq!(claims.0.read().expect("readable").len(), 1);
    }
}
