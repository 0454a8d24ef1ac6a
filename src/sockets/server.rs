//! What a worker needs to serve sockets.

use std::rc::Rc;
use std::sync::Arc;

use crate::broadcast::{Apps, BroadcasterHandle, Hub};
use crate::bus::Broker;
use crate::config::SocketConfig;

/// The socket server of one worker thread; cheap to clone.
#[derive(Clone)]
pub struct SocketServer {
    inner: Rc<Inner>,
}

struct Inner {
    config: SocketConfig,
    hub: Rc<Hub>,
    broadcaster: BroadcasterHandle,
    /// Its state says whether the events of other processes reach this one.
    broker: Arc<dyn Broker>,
}

impl SocketServer {
    /// A socket server whose sockets `hub` owns, on a bus whose state `broker` tells.
    #[must_use]
    pub fn new(config: SocketConfig, hub: Rc<Hub>, broadcaster: BroadcasterHandle, broker: Arc<dyn Broker>) -> Self {
        Self { inner: Rc::new(Inner { config, hub, broadcaster, broker }) }
    }

    pub(super) fn apps(&self) -> &Apps {
        self.inner.broadcaster.apps()
    }

    pub(super) fn config(&self) -> &SocketConfig {
        &self.inner.config
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(super) fn broker(&self) -> &dyn Broker {
        self.inner.broker.as_ref()
    }
}
