//! The list of commands.

use std::fmt;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{ServeConfig, read_dotenv, unknown_variables, with_secret_files};

use super::pusher_client::{ListenArgs, TriggerArgs, listen, trigger};
use super::{apps, audit, backup, check, export, people, serve};

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
    Trigger(TriggerArgs),
    /// Print the events of channels of any Pusher-compatible server as JSON Lines
    Listen(ListenArgs),
    /// List the apps of the socket server, or generate credentials for a new one
    #[command(subcommand)]
    Apps(apps::AppsCommand),
    /// Write a backup of the whole instance into one file, also while the server runs
    Backup(backup::BackupArgs),
    /// Restore a backup into a new data directory
    Restore(backup::RestoreArgs),
    /// Export messages as JSON Lines, also while the server runs
    Export(export::ExportArgs),
    /// Print who did what that matters for security, the newest first
    Audit(audit::AuditArgs),
    /// Check the database for inconsistencies, also while the server runs
    Check(check::CheckArgs),
    /// Run the database migrations without starting the server
    Migrate(check::MigrateArgs),
    /// Reset a password or make a user an administrator, also while the server runs
    User(people::UserArgs),
    /// Create an API token for a user and print it, also while the server runs
    Token(people::TokenArgs),
}

/// Runs what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let command = match read_dotenv() {
        Ok(()) => with_secret_files(Cli::command()).map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    let command = match command {
        Ok(command) => command,
        Err(error) => {
            eprintln!("hubbub: {error}");
            return ExitCode::from(2);
        }
    };
    let given = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown = unknown_variables(&command, given);
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Serve(config) => serve::serve(*config, &unknown),
        Command::Trigger(args) => wait(trigger(args)),
        Command::Listen(args) => wait(listen(args)),
        Command::Apps(command) => report(apps::run(&command).map(done)),
        Command::Backup(args) => report(backup::backup(&args)),
        Command::Restore(args) => report(backup::restore(&args).map(done)),
        Command::Export(args) => report(export::export(&args).map(done)),
        Command::Audit(args) => report(audit::audit(&args).map(done)),
        Command::Check(args) => report(check::check(&args)),
        Command::Migrate(args) => wait(check::migrate(&args)),
        Command::User(args) => wait(people::user(&args)),
        Command::Token(args) => wait(people::token(&args)),
    }
}

const fn done(_: ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Has a command that waits for others run to its end.
fn wait<E: fmt::Display>(command: impl Future<Output = Result<(), E>>) -> ExitCode {
    report(actix_web::rt::System::new().block_on(command).map(done))
}

fn report<E: fmt::Display>(outcome: Result<ExitCode, E>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("hubbub: {error}");
        ExitCode::FAILURE
    })
}
