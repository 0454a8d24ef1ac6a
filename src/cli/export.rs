//! `hubbub export`.

use std::fs::OpenOptions;
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::domain::{RoomId, Username};
use crate::maintenance::{self, AuditAction, ExportOptions, ExportScope, TimedWriter};

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
    /// Seconds for which nobody may read the output; the export then ends, for it keeps the database from shrinking its log
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    write_timeout_secs: u32,
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
    let destination = args.out.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    note(&url, AuditAction::Exported, destination);
    match &args.out {
        None => {
            let out = TimedWriter::new(io::stdout().lock(), Duration::from_secs(args.write_timeout_secs.into()));
            maintenance::export(&url, &options, BufWriter::new(out))?
        }
        Some(path) => {
            // Readable by the owner only: it holds messages of closed rooms.
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
            maintenance::export(&url, &options, BufWriter::new(file))?
        }
    };
    Ok(())
}
