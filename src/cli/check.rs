//! `hubbub check` and `hubbub migrate`.

use std::process::ExitCode;

use clap::Args;

use crate::app;
use crate::maintenance::{self, ContentCheck};

use super::failure::Failure;
use super::instance::InstanceArgs;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Compare the lengths of uploaded files, instead of reading every byte of them
    #[arg(long)]
    fast: bool,
    #[command(flatten)]
    instance: InstanceArgs,
}

/// A line for each finding; the exit code tells a script whether there was one.
pub(super) fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let closely = if args.fast { ContentCheck::Lengths } else { ContentCheck::Bytes };
    let findings = maintenance::check(&args.instance.database_url()?, &args.instance.files_dir(), closely)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("Everything agrees.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    instance: InstanceArgs,
}

pub(super) async fn migrate(args: &MigrateArgs) -> Result<(), Failure> {
    app::migrate(&args.instance.data_dir, &args.instance.database_url()?).await?;
    println!("The database is up to date.");
    Ok(())
}
