//! Hubbub from outside: a real server on a port of its own, spoken to over HTTP.

#![cfg(test)]

mod bad_input;
mod broadcasting;
mod catch_up;
mod cli;
mod convergence;
mod crash;
mod database;
mod documents;
mod event_stream;
mod files;
mod hang_up;
mod harness;
mod health;
mod history;
mod invites;
mod maintenance;
mod members;
mod messages;
mod page;
mod permissions;
mod publisher;
mod receiver;
mod retention;
mod roles;
mod rooms;
mod search;
mod sessions;
mod six_steps;
mod socket;
mod sockets;
mod tokens;
mod users;
mod webhooks;
