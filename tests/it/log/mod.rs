//! A room's log: catching up, the event stream, and many clients that end with the same.

mod catch_up;
mod convergence;
mod event_stream;
