//! The command line: parses it, and hands over to one file per command.
//!
//! Exit codes: 0 done, 1 it failed (the reason is on standard error) or `check` found something, 2 the command line makes no
//! sense.

mod apps;
mod backup;
mod check;
mod export;
mod instance;
mod listen;
mod people;
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
    /// Write the whole instance into one file, also while it runs
    Backup(backup::BackupArgs),
    /// Make a data directory out of a backup
    Restore(backup::RestoreArgs),
    /// Write what people wrote as JSON Lines, also while the server runs
    Export(export::ExportArgs),
    /// Look for what does not agree in the database, also while the server runs
    Check(check::CheckArgs),
    /// Bring the database's schema up to date without serving
    Migrate(check::MigrateArgs),
    /// Help people who are locked out, also while the server runs
    User(people::UserArgs),
    /// Make an API token for a person and print it, also while the server runs
    Token(people::TokenArgs),
    /// Publish an event to a channel of any Pusher-compatible server
    Trigger(trigger::TriggerArgs),
    /// Print what happens in channels of any Pusher-compatible server, one JSON object a line
    Listen(listen::ListenArgs),
    /// List the apps that may use the socket server, or make credentials for another
    #[command(subcommand)]
    Apps(apps::AppsCommand),
}

/// Why a command was not done. It is printed, and nothing else.
type Failure = Box<dyn std::error::Error>;

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
        Command::Backup(args) => finish(backup::backup(&args)),
        Command::Restore(args) => finish(backup::restore(&args)),
        Command::Export(args) => finish(export::export(&args)),
        Command::Check(args) => check::check(&args).unwrap_or_else(|error| finish(Err(error))),
        Command::Migrate(args) => finish(block_on(check::migrate(&args))),
        Command::User(args) => finish(block_on(people::user(&args))),
        Command::Token(args) => finish(block_on(people::token(&args))),
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
