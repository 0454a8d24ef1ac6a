//! The limit on open files, which is also the limit on sockets.

use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::{info, warn};

use crate::config::ServeConfig;

/// Descriptors that are not sockets: the database, the log, listeners.
const OTHERS: u64 = 256;

/// Raises the limit on open files as far as the system lets us, and says when it is lower than the sockets need.
pub(super) fn raise_limit(config: &ServeConfig) {
    let per_socket = config.socket.socket_transport.descriptors_per_socket();
    let max_sockets = if config.role.has_sockets() { config.socket.max_sockets } else { 0 };
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        warn!(%error, "the limit on open files could not be raised");
    }
    let open_files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = u64::try_from(max_sockets).unwrap_or(u64::MAX).saturating_mul(per_socket).saturating_add(OTHERS);
    if open_files < needed {
        let sockets = open_files.saturating_sub(OTHERS) / per_socket;
        warn!(open_files, sockets, "the limit on open files (ulimit -n) allows fewer sockets than HUBBUB_MAX_SOCKETS");
    } else {
        info!(open_files, "limit on open files");
    }
}
