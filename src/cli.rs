//! The command line: parses it, and hands over to [`crate::app`] or to [`crate::maintenance`].

mod backup;
mod check;
mod export;
mod instance;
mod people;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use crate::app::{Application, Reloader};
use crate::config::{LogFormat, ServeConfig};
use crate::telemetry;

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
        Command::Serve(config) => serve(*config),
        Command::Backup(args) => report(backup::backup(&args).map(done)),
        Command::Restore(args) => report(backup::restore(&args).map(done)),
        Command::Export(args) => report(export::export(&args).map(done)),
        Command::Check(args) => report(check::check(&args)),
        Command::Migrate(args) => wait(async { check::migrate(&args).await.map(done) }),
        Command::User(args) => wait(async { people::user(&args).await.map(done) }),
        Command::Token(args) => wait(async { people::token(&args).await.map(done) }),
    }
}

const fn done(_: ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Has a command that waits for the store run to its end.
fn wait(command: impl Future<Output = Result<ExitCode, Failure>>) -> ExitCode {
    report(actix_web::rt::System::new().block_on(command))
}

fn report(outcome: Result<ExitCode, Failure>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("hubbub: {error}");
        ExitCode::FAILURE
    })
}

fn serve(config: ServeConfig) -> ExitCode {
    if let Err(error) = telemetry::init(config.log_format == LogFormat::Json) {
        eprintln!("hubbub: {error}");
        return ExitCode::from(2);
    }
    actix_web::rt::System::new().block_on(async move {
        let application = match Application::build(config).await {
            Ok(application) => application,
            Err(error) => {
                eprintln!("hubbub: {error}");
                return ExitCode::FAILURE;
            }
        };
        greet(&application);
        actix_web::rt::spawn(reload_on_hangup(application.reloader()));
        match application.run_until(stop_signal()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                error!(%error, "the server ended");
                ExitCode::FAILURE
            }
        }
    })
}

/// Says on standard output what a person who has just started the server wants to know; logs go to standard error.
fn greet(application: &Application) {
    let url = format!("http://{}", application.address());
    match application.demo() {
        None => println!("Hubbub is at {url}"),
        Some(demo) => {
            println!("Hubbub's demo is at {url}\n");
            for person in demo.people() {
                println!("  enter as {:<8} password {}   ({})", person.username, person.password, person.name);
            }
            println!("\nPost from another terminal, and watch it appear:\n\n{}\n", demo.curl_line(&url));
        }
    }
}

/// Reads the file of apps again whenever the process gets SIGHUP; ends with the process.
async fn reload_on_hangup(reloader: Reloader) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return error!(%error, "SIGHUP cannot be heard"),
    };
    while hangup.recv().await.is_some() {
        match reloader.reload() {
            Ok(()) => info!("the apps were read again"),
            Err(error) => error!(%error, "the apps stay as they are"),
        }
    }
}

/// Completes on Ctrl-C, or when a service manager asks the process to end.
async fn stop_signal() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(error) => {
                error!(%error, "SIGTERM cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
