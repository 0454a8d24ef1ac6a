//! A duplicate of the connection's file descriptor, to shut down a connection that actix cannot end.

use std::any::Any;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use tracing::debug;

/// A second descriptor of a TCP connection.
///
/// While a client does not read, actix's dispatcher waits for it and looks at nothing else; only the connection itself
/// can wake it then.
#[derive(Debug, Clone)]
pub struct RawFd(Rc<OwnedFd>);

impl RawFd {
    /// Ends the connection in both directions at once. What waits in the kernel is lost.
    pub(super) fn shut_down(&self) {
        if let Err(error) = rustix::net::shutdown(&self.0, rustix::net::Shutdown::Both) {
            // The client was faster.
            debug!(%error, "the connection had ended already");
        }
    }
}

/// For `HttpServer::on_connect`: keeps the connection's descriptor for [`RawFd`] to be found later.
pub fn keep_descriptor(connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    match stream.as_fd().try_clone_to_owned() {
        Ok(descriptor) => {
            extensions.insert(RawFd(Rc::new(descriptor)));
        }
        Err(error) => debug!(%error, "a connection's descriptor could not be copied"),
    }
}
