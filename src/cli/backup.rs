//! `hubbub backup` and `hubbub restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::maintenance::{self, AuditAction, Backup};

use super::audit::note;
use super::failure::Failure;
use super::instance::InstanceArgs;

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The archive to write; it must not exist
    file: PathBuf,
    /// Replace an existing archive, when the new one is complete
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    instance: InstanceArgs,
}

/// What is damaged is printed, and makes the exit code 1: the archive is there, for it has all the rest.
pub(super) fn backup(args: &BackupArgs) -> Result<ExitCode, Failure> {
    let (url, contents) = (args.instance.database_url()?, args.instance.files_dir());
    let from = Backup { url: &url, data_dir: &args.instance.data_dir, contents: &contents };
    note(&url, AuditAction::BackedUp, args.file.display().to_string());
    let report = maintenance::backup(&from, &args.file, args.replace)?;
    let file = args.file.display();
    println!("{file} has {} bytes. It contains secrets: keep it where only you can read it.", report.bytes);
    if report.left_out > 0 {
        println!(
            "{} contents that no file of the copied database has were left out: people uploaded meanwhile, or the \
             housekeeping will remove them.",
            report.left_out
        );
    }
    for damage in &report.damage {
        eprintln!("hubbub: damaged in the instance, and so in the backup: {damage}");
    }
    Ok(if report.damage.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// An archive that `hubbub backup` wrote
    file: PathBuf,
    /// The data directory to create; it must not exist, or be empty: an empty mount point and a link to one will do
    #[arg(long, env = "HUBBUB_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
}

pub(super) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    maintenance::restore(&args.file, &args.data_dir)?;
    let directory = args.data_dir.display();
    println!("{directory} is restored. Start it: hubbub serve --data-dir {directory}");
    Ok(())
}
