//! What a worker needs to serve sockets.

use std::rc::Rc;
use std::sync::Arc;

use crate::broadcast::{Apps, BroadcasterHandle, Hub};
use crate::bus::Carrier;
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
    carrier: Arc<dyn Carrier>,
}

impl SocketServer {
    /// A socket server whose sockets `hub` owns, on a bus whose state `carrier` tells.
    #[must_use]
    pub fn new(config: SocketConfig, hub: Rc<Hub>, broadcaster: BroadcasterHandle, carrier: Arc<dyn Carrier>) -> Self {
        Self { inner: Rc::new(Inner { config, hub, broadcaster, carrier }) }
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

    pub(super) fn carrier(&self) -> &dyn Carrier {
        self.inner.carrier.as_ref()
    }
}
