//! How many connections one network address may have at the same time.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::net::{Shutdown, shutdown};

use crate::auth::network;
use crate::config::{Ration, ServeConfig};

/// The connections of each address; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    /// `None` behind a proxy, whose connections all are, and where there is no limit.
    limit: Option<u64>,
    open: Arc<Mutex<HashMap<IpAddr, u64>>>,
}

/// Lives as long as its connection.
struct Open {
    address: IpAddr,
    open: Arc<Mutex<HashMap<IpAddr, u64>>>,
}

impl Connections {
    pub(super) fn new(config: &ServeConfig) -> Self {
        let limit = Ration::Connections.limit(&config.rations).filter(|_| !config.auth.trust_proxy);
        Self { limit, open: Arc::default() }
    }

    /// Counts a connection that was accepted; shuts it down when its address has as many as it may.
    pub(super) fn admit(&self, connection: &dyn Any, extensions: &mut Extensions) {
        let Some((limit, connection)) = self.limit.zip(connection.downcast_ref::<TcpStream>()) else { return };
        let Ok(peer) = connection.peer_addr() else { return };
        match self.count(network(peer.ip()), limit) {
            Some(open) => drop(extensions.insert(open)),
            // The client may be gone already.
            None => drop(shutdown(connection, Shutdown::Both)),
        }
    }

    fn count(&self, address: IpAddr, limit: u64) -> Option<Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Open { address, open: Arc::clone(&self.open) })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_as_many_connections_as_it_may_and_others_have_theirs() {
        let connections = Connections { limit: Some(2), open: Arc::default() };
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let one = connections.count(address("192.0.2.1"), 2);
        let other = connections.count(address("192.0.2.1"), 2);
        assert!(one.is_some() && other.is_some());
        assert!(connections.count(address("192.0.2.1"), 2).is_none());
        assert!(connections.count(address("192.0.2.2"), 2).is_some());
        drop(one);
        assert!(connections.count(address("192.0.2.1"), 2).is_some());
        drop(other);
        assert!(connections.open.lock().expect("not poisoned").is_empty(), "nothing is remembered of nobody");
    }
}
