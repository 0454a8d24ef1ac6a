//! Which parts of Hubbub a process runs.

use std::fmt;

use clap::ValueEnum;

/// Which parts of Hubbub this process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProcessRole {
    /// The chat and the socket server in one process.
    All,
    /// The chat without sockets; events go over the bus.
    Web,
    /// The socket server alone: no database.
    Ws,
}

impl ProcessRole {
    /// Whether the process has the database, and with it the API and the page.
    #[must_use]
    pub const fn has_store(self) -> bool {
        matches!(self, Self::All | Self::Web)
    }

    /// Whether the process holds sockets.
    #[must_use]
    pub const fn has_sockets(self) -> bool {
        matches!(self, Self::All | Self::Ws)
    }
}

impl fmt::Display for ProcessRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Web => "web",
            Self::Ws => "ws",
        })
    }
}
