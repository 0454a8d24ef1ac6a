//! What a worker needs to serve sockets.

use std::rc::Rc;

use crate::broadcast::Hub;
use crate::config::{Secret, SocketConfig};

/// An application that uses the socket server: whoever knows its secret may authorise and publish.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id, digits only.
    pub id: String,
    /// Its public key, which clients connect with.
    pub key: String,
    /// Its secret.
    pub secret: Secret,
}

/// The socket server of one worker thread; cheap to clone.
#[derive(Clone)]
pub struct SocketServer {
    inner: Rc<Inner>,
}

struct Inner {
    app: App,
    config: SocketConfig,
    hub: Rc<Hub>,
}

impl SocketServer {
    /// A socket server for `app`, whose sockets `hub` owns.
    #[must_use]
    pub fn new(app: App, config: SocketConfig, hub: Rc<Hub>) -> Self {
        Self { inner: Rc::new(Inner { app, config, hub }) }
    }

    pub(super) fn app(&self) -> &App {
        &self.inner.app
    }

    pub(super) fn config(&self) -> &SocketConfig {
        &self.inner.config
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.inner.hub
    }
}
