//! The program as a whole: commands, roles, crashes, health, the page, and what nobody should send.

mod bad_input;
mod cli;
mod compression;
mod crash;
mod demo;
mod hang_up;
mod health;
pub(crate) mod maintenance;
mod metrics;
mod page;
mod rations;
mod restart;
mod roles;
mod shutting_down;
mod six_steps;
mod start;
mod upgrade;
