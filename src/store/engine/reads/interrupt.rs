//! Ending statements on SQLite.
//!
//! SQLite asks a progress handler every few operations whether to go on. Diesel has no way to set one, and does not
//! show its connection's handle. So SQLite itself is told to call [`watch`] with the handle of each connection that is
//! opened in this process. The handler looks at the ticket of the read that its thread runs; a thread that runs none,
//! such as the writer's, is never interrupted.

#![expect(unsafe_code, reason = "SQLite's C interface; no pointer is kept, and none is read")]

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::{Arc, Once};

use libsqlite3_sys::{SQLITE_OK, sqlite3, sqlite3_api_routines, sqlite3_auto_extension, sqlite3_progress_handler};

use super::ticket::ReadTicket;

/// Operations of SQLite's virtual machine between two looks: some tens of microseconds.
const OPERATIONS: c_int = 1_000;

thread_local! {
    /// The read that this thread runs.
    static RUNNING: RefCell<Option<Arc<ReadTicket>>> = const { RefCell::new(None) };
}

/// Has all connections that are opened from now on look at the tickets. Doing it again does nothing.
pub(in crate::store::engine) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: `watch` has the signature that SQLite documents for an entry point, and lives as long as the program.
        unsafe { sqlite3_auto_extension(Some(watch)) };
    });
}

/// Runs `read` so that it ends with the ticket.
pub(super) fn interruptible<T>(ticket: &Arc<ReadTicket>, read: impl FnOnce() -> T) -> T {
    /// Resets the cell also when the read panics.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            RUNNING.set(None);
        }
    }
    RUNNING.set(Some(Arc::clone(ticket)));
    let _reset = Reset;
    read()
}

extern "C" fn watch(connection: *mut sqlite3, _: *mut *mut c_char, _: *const sqlite3_api_routines) -> c_int {
    // SAFETY: SQLite passes the connection that it is opening, and the handler is given no data to point to.
    unsafe { sqlite3_progress_handler(connection, OPERATIONS, Some(should_stop), ptr::null_mut()) };
    SQLITE_OK
}

extern "C" fn should_stop(_: *mut c_void) -> c_int {
    c_int::from(is_cancelled())
}

/// Whether nobody waits any more for the read that this thread runs. For work between two statements, and for statements
/// that are too short for SQLite to ask.
pub(in crate::store) fn is_cancelled() -> bool {
    let is_cancelled = |running: &RefCell<Option<Arc<ReadTicket>>>| {
        running.try_borrow().is_ok_and(|ticket| ticket.as_ref().is_some_and(|ticket| ticket.is_cancelled()))
    };
    RUNNING.try_with(is_cancelled).unwrap_or(false)
}
