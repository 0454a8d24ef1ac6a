//! The command line: parses it, and hands over to one file per command.
//!
//! Exit codes: 0 done, 1 it failed (the reason is on standard error), 2 the command line makes no sense.

mod apps;
mod listen;
mod serve;
mod server;
mod trigger;

use std::fmt;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ServeConfig;

/// A chat and a real-time server in one program
#[derive(Debug, Parser)]
#[command(version, about, after_help = "Every option has an environment variable, also read from a file .env.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<ServeConfig>),
    /// Publish an event to a channel of any Pusher-compatible server
    Trigger(trigger::TriggerArgs),
    /// Print what happens in channels of any Pusher-compatible server, one JSON object a line
    Listen(listen::ListenArgs),
    /// List the apps that may use the socket server, or make credentials for another
    #[command(subcommand)]
    Apps(apps::AppsCommand),
}

/// Runs what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    // A missing .env is the usual case; one that cannot be read is said below.
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        eprintln!("hubbub: the file .env: {error}");
        return ExitCode::from(2);
    }
    match Cli::parse().command {
        Command::Serve(config) => serve::serve(*config),
        Command::Trigger(args) => finish(block_on(trigger::trigger(args))),
        Command::Listen(args) => finish(block_on(listen::listen(args))),
        Command::Apps(command) => finish(apps::run(&command)),
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

fn finish(outcome: Result<(), impl fmt::Display>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hubbub: {error}");
            ExitCode::FAILURE
        }
    }
}
