//! `hubbub backup` and `hubbub restore`.

use std::path::PathBuf;

use clap::Args;

use crate::maintenance::{self, AuditAction};

use super::audit::note;
use super::failure::Failure;
use super::instance::InstanceArgs;

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The archive to write; an existing one is replaced when the new one is complete
    file: PathBuf,
    #[command(flatten)]
    instance: InstanceArgs,
}

pub(super) fn backup(args: &BackupArgs) -> Result<(), Failure> {
    let bytes = maintenance::backup(&args.instance.database_url()?, &args.instance.data_dir, &args.file)?;
    println!("{} has {bytes} bytes. It contains secrets: keep it where only you can read it.", args.file.display());
    note(&args.instance.database_url()?, AuditAction::BackedUp, args.file.display().to_string());
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// An archive that `hubbub backup` wrote
    file: PathBuf,
    /// The data directory to create; it must not exist, or be empty
    #[arg(long, env = "HUBBUB_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
}

pub(super) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    maintenance::restore(&args.file, &args.data_dir)?;
    let directory = args.data_dir.display();
    println!("{directory} is restored. Start it: hubbub serve --data-dir {directory}");
    Ok(())
}
