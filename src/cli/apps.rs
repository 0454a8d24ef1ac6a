//! `hubbub apps`: which applications may use the socket server, and credentials for another.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
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
    #[command(after_help = "Example: hubbub apps new --apps-file apps.toml --write && kill -HUP $(pidof hubbub)")]
    New(NewArgs),
}

/// Where the entry of a new app goes.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    #[command(flatten)]
    apps: AppsArgs,
    /// Append the entry to the file of apps instead of printing it; a file that does not exist is made, for its owner alone (mode 0600)
    #[arg(long, requires = "apps_file")]
    write: bool,
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
    #[error("--write needs the file of apps (--apps-file, HUBBUB_APPS_FILE)")]
    NoFile,
    #[error("{path}: {source} (HUBBUB_APPS_FILE)")]
    Write { path: String, source: std::io::Error },
}

/// Runs a command.
pub(super) fn run(command: &AppsCommand) -> Result<(), AppsError> {
    match command {
        AppsCommand::List(args) => list(args),
        AppsCommand::New(new) => make(&new.apps, new.write),
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

fn make(args: &AppsArgs, is_written: bool) -> Result<(), AppsError> {
    // The chat's own app is 1 unless its settings say otherwise.
    let highest = others(args)?.iter().filter_map(|app| app.id.number()).max().unwrap_or(1);
    let Credentials { id, key, secret } = Credentials::generate(AppId::numbered(highest.max(1) + 1));
    let entry = format!("[[apps]]\nid = \"{id}\"\nkey = \"{key}\"\nsecret = \"{secret}\"\n\n");
    if !is_written {
        print!("{entry}");
        return Ok(());
    }
    let path = args.apps_file.as_deref().ok_or(AppsError::NoFile)?;
    let failed = |source| AppsError::Write { path: path.display().to_string(), source };
    // Who can read the secret may publish and let people in: a new file is for its owner alone.
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    let is_open_line = std::fs::read(path).map_err(failed)?.last().is_some_and(|last| *last != b'\n');
    let separator = if is_open_line { "\n" } else { "" };
    file.write_all(format!("{separator}{entry}").as_bytes()).map_err(failed)?;
    println!("the app {id} with the key {key} was added to {}; the file has its secret", path.display());
    Ok(())
}

fn others(args: &AppsArgs) -> Result<Vec<App>, AppsError> {
    match args.apps_file.as_deref().filter(|path| path.exists()) {
        Some(path) => Ok(read_apps(path, &SocketConfig::from_environment()?)?),
        None => Ok(Vec::new()),
    }
}
