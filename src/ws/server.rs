//! What a worker needs to serve sockets.

use std::rc::Rc;
use std::sync::Arc;

use crate::broadcast::{Apps, BroadcasterHandle, Hub};
use crate::bus::Carrier;
use crate::config::SocketConfig;

use super::api::ApiState;

/// The socket server of one worker thread; cheap to clone.
#[derive(Clone)]
pub struct SocketServer {
    inner: Rc<Inner>,
}

struct Inner {
    config: SocketConfig,
    hub: Rc<Hub>,
    broadcaster: BroadcasterHandle,
    /// Where events go that applications publish: the same bus that the chat's go through.
    carrier: Arc<dyn Carrier>,
    api: Arc<ApiState>,
}

impl SocketServer {
    /// A socket server whose sockets `hub` owns, and whose API publishes through `carrier`.
    #[must_use]
    pub fn new(
        config: SocketConfig,
        hub: Rc<Hub>,
        broadcaster: BroadcasterHandle,
        carrier: Arc<dyn Carrier>,
        api: Arc<ApiState>,
    ) -> Self {
        Self { inner: Rc::new(Inner { config, hub, broadcaster, carrier, api }) }
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

    pub(super) fn broadcaster(&self) -> &BroadcasterHandle {
        &self.inner.broadcaster
    }

    pub(super) fn carrier(&self) -> &dyn Carrier {
        self.inner.carrier.as_ref()
    }

    pub(super) fn api(&self) -> &ApiState {
        &self.inner.api
    }
}
