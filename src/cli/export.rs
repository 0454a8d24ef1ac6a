//! `hubbub export`.

use std::fs::OpenOptions;
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;

use crate::domain::{RoomId, Username};
use crate::maintenance::{self, AuditAction, ExportOptions, ExportScope};

use super::audit::note;
use super::failure::Failure;
use super::instance::InstanceArgs;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Add the path of each file's content in the data directory
    #[arg(long)]
    content_paths: bool,
    /// File to write; standard output when not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    instance: InstanceArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ScopeArgs {
    /// One room: its members and messages
    #[arg(long, value_name = "ID")]
    room: Option<RoomId>,
    /// One user: their memberships and messages
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// All rooms and users
    #[arg(long)]
    all: bool,
}

impl ScopeArgs {
    fn parse(&self) -> Result<ExportScope, Failure> {
        match (self.room, &self.user) {
            (Some(room), _) => Ok(ExportScope::Room(room)),
            (None, Some(user)) => Ok(ExportScope::User(Username::parse(user)?)),
            (None, None) => Ok(ExportScope::All),
        }
    }
}

pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let url = args.instance.database_url()?;
    let options = ExportOptions { scope: args.scope.parse()?, has_content_paths: args.content_paths };
    match &args.out {
        None => maintenance::export(&url, &options, BufWriter::new(io::stdout().lock()))?,
        Some(path) => {
            // Readable by the owner only: it holds messages of closed rooms.
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
            maintenance::export(&url, &options, BufWriter::new(file))?
        }
    };
    let destination = args.out.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    note(&url, AuditAction::Exported, destination);
    Ok(())
}
