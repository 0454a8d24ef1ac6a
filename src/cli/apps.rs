//! `hubbub apps`: which applications may use the socket server, and credentials for another.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use thiserror::Error;

use crate::app::{Credentials, StartError, chat_credentials};
use crate::config::{AppsFileError, SocketConfig, read_apps};
use crate::pusher::{App, AppId};

/// What to do about apps.
#[derive(Debug, Subcommand)]
pub(super) enum AppsCommand {
    /// List the chat's own app and those of the file of apps, without their secrets
    List(AppsArgs),
    /// Generate an id, a key and a secret, and print the entry for the file of apps (read again on SIGHUP)
    #[command(after_help = "Example: hubbub apps new --apps-file apps.toml >> apps.toml && kill -HUP $(pidof hubbub)")]
    New(AppsArgs),
}

/// Where apps are.
#[derive(Debug, Args)]
pub(super) struct AppsArgs {
    /// File that lists further apps
    #[arg(long, env = "HUBBUB_APPS_FILE", value_name = "FILE")]
    apps_file: Option<PathBuf>,
    /// Data directory, where the credentials of the chat's own app are
    #[arg(long, env = "HUBBUB_DATA_DIR", default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
}

/// Why apps cannot be listed.
#[derive(Debug, Error)]
pub(super) enum AppsError {
    #[error(transparent)]
    File(#[from] AppsFileError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{0}")]
    Environment(#[from] clap::Error),
}

/// Runs a command.
pub(super) fn run(command: &AppsCommand) -> Result<(), AppsError> {
    match command {
        AppsCommand::List(args) => list(args),
        AppsCommand::New(args) => make(args),
    }
}

fn list(args: &AppsArgs) -> Result<(), AppsError> {
    println!("{:<12} {:<24} {:<9} webhooks", "id", "key", "state");
    let chat = chat_credentials(&SocketConfig::from_environment()?, &args.data_dir);
    match chat {
        Ok(chat) => println!("{:<12} {:<24} {:<9} -", chat.id, chat.key, "the chat"),
        // Nothing was made yet: the server makes it on its first start.
        Err(StartError::DataDir { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    for app in others(args)? {
        let state = if app.is_enabled { "enabled" } else { "disabled" };
        println!("{:<12} {:<24} {state:<9} {}", app.id, app.key, app.webhooks.len());
    }
    Ok(())
}

fn make(args: &AppsArgs) -> Result<(), AppsError> {
    // The chat's own app is 1 unless its settings say otherwise.
    let highest = others(args)?.iter().map(|app| app.id).max().unwrap_or(AppId(1));
    let Credentials { id, key, secret } = Credentials::generate(AppId(highest.0 + 1));
    println!("[[apps]]\nid = \"{id}\"\nkey = \"{key}\"\nsecret = \"{secret}\"\n");
    Ok(())
}

fn others(args: &AppsArgs) -> Result<Vec<App>, AppsError> {
    match args.apps_file.as_deref().filter(|path| path.exists()) {
        Some(path) => Ok(read_apps(path, &SocketConfig::from_environment()?)?),
        None => Ok(Vec::new()),
    }
}
