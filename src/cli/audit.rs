//! `hubbub audit`.

use clap::Args;

use crate::maintenance::{self, AuditAction, DatabaseUrl};

use super::failure::Failure;
use super::instance::InstanceArgs;

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Only this action, such as sign_in.wrong
    #[arg(long)]
    action: Option<String>,
    /// Entries to print, the newest first
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    #[command(flatten)]
    instance: InstanceArgs,
}

pub(super) fn audit(args: &AuditArgs) -> Result<(), Failure> {
    for entry in maintenance::audit(&args.instance.database_url()?, args.action.as_deref(), args.limit)? {
        println!("{entry}");
    }
    Ok(())
}

/// Notes in the trail that a command begins: one that is interrupted may have written much already. Where the database can
/// only be read, the command goes on, and says that the trail lacks it.
pub(super) fn note(url: &DatabaseUrl, action: AuditAction, detail: String) {
    let noted = actix_web::rt::System::new().block_on(maintenance::note_in_trail(url, action, detail));
    if let Err(error) = noted {
        eprintln!("hubbub: this is not in the trail: {error}");
    }
}
