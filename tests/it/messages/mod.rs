//! Messages: posting, history, search, retention.

mod history;
mod posting;
mod reactions;
mod replies;
mod retention;
mod search;
