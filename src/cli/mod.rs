//! The command line: parses it, and hands over to one file per command.
//!
//! Exit codes: 0 done, 1 it failed (the reason is on standard error) or `check` found something, 2 the command line makes no
//! sense.
//!
//! | | |
//! |---|---|
//! | `command_line` | the list of commands |
//! | `serve` | `hubbub serve` |
//! | `pusher_client` | `hubbub trigger` and `hubbub listen`, against any Pusher-compatible server |
//! | `apps` | `hubbub apps` |
//! | `audit` | `hubbub audit`: the trail |
//! | `backup`, `export`, `check`, `people` | commands for an instance: backup, restore, export, check, migrate, user, token |
//! | `instance` | their options: the data directory and the database |
//! | `failure` | why a command failed |

mod apps;
mod audit;
mod backup;
mod check;
mod command_line;
mod export;
mod failure;
mod instance;
mod people;
mod pusher_client;
mod serve;

pub use command_line::run;
