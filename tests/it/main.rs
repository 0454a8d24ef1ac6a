//! Hubbub from outside: a real server on a port of its own, spoken to over HTTP and over sockets.

#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod documents;
mod files;
mod log;
mod messages;
mod people;
mod program;
mod rooms;
mod sockets;
mod webhooks;
