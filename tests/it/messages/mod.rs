//! Messages: posting, history, search, retention.

mod history;
mod posting;
mod retention;
mod search;
