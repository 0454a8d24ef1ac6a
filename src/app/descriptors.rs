//! The limit on open files, which is also the limit on sockets.

use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::{info, warn};

/// Descriptors that are not sockets: the database, the log, listeners.
const OTHERS: u64 = 256;
/// A socket takes two: the connection, and the copy that can cut it off.
const PER_SOCKET: u64 = 2;

/// Raises the limit on open files as far as the system lets us, and says when it is lower than the sockets need.
pub(super) fn raise_limit(max_sockets: usize) {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        warn!(%error, "the limit on open files could not be raised");
    }
    let open_files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = u64::try_from(max_sockets).unwrap_or(u64::MAX).saturating_mul(PER_SOCKET).saturating_add(OTHERS);
    if open_files < needed {
        let sockets = open_files.saturating_sub(OTHERS) / PER_SOCKET;
        warn!(open_files, sockets, "the limit on open files (ulimit -n) allows fewer sockets than HUBBUB_MAX_SOCKETS");
    } else {
        info!(open_files, "limit on open files");
    }
}
