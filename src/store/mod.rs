//! The store: everything durable, and the only place where Diesel lives.
