//! The servers that Hubbub is measured beside: where each is installed, and how it is started.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::dialect::{App, Dialect};
use crate::run::Target;
use crate::server::Server;

/// A server that can be installed into the directory of the peers.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// What to type, in the project's directory, when it is missing.
    pub(crate) install: &'static str,
    program: Program,
    dialect: fn(App) -> Dialect,
}

/// What is started, and where its version is written.
enum Program {
    /// Built by `sockudo.sh`.
    Sockudo,
    /// Node with these arguments.
    Node { package: &'static str, arguments: &'static [&'static str] },
}

const NPM: &str = "make bench/peers/node_modules/.package-lock.json";

/// Every peer there is.
pub(crate) const PEERS: [Peer; 5] = [
    Peer {
        name: "Sockudo",
        install: "make bench/peers/sockudo/bin/sockudo",
        program: Program::Sockudo,
        dialect: Dialect::Pusher,
    },
    Peer {
        name: "Soketi",
        install: NPM,
        program: Program::Node {
            package: "@soketi/soketi",
            arguments: &["--require", "./native.cjs", "node_modules/@soketi/soketi/bin/server.js", "start"],
        },
        dialect: Dialect::Pusher,
    },
    Peer {
        name: "socket.io",
        install: NPM,
        program: Program::Node { package: "socket.io", arguments: &["socket.io.mjs"] },
        dialect: |_| Dialect::SocketIo,
    },
    Peer {
        name: "ws",
        install: NPM,
        program: Program::Node { package: "ws", arguments: &["ws.mjs"] },
        dialect: |_| Dialect::Bare,
    },
    Peer {
        name: "uWebSockets.js",
        install: NPM,
        program: Program::Node {
            package: "uWebSockets.js",
            arguments: &["--require", "./native.cjs", "uWebSockets.mjs"],
        },
        dialect: |_| Dialect::Bare,
    },
];

impl Peer {
    /// Its version, when it is installed in `directory`.
    pub(crate) fn version(&self, directory: &Path) -> Option<String> {
        match self.program {
            Program::Sockudo => {
                // What cargo noted: `"sockudo 5.2.0 (registry+…)" = ["sockudo"]`.
                let notes = fs::read_to_string(directory.join("sockudo/.crates.toml")).ok()?;
                Some(notes.split_once("\"sockudo ")?.1.split(' ').next()?.to_owned())
            }
            Program::Node { package, .. } => {
                let path = directory.join("node_modules").join(package).join("package.json");
                let description: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
                Some(description["version"].as_str()?.to_owned())
            }
        }
    }

    /// Starts it with an app; what it prints goes into the directory `results`.
    pub(crate) fn start(&self, directory: &Path, results: &Path, app: &App) -> Result<(Server, Target)> {
        let directory = directory.canonicalize()?;
        let (port, port_for_metrics) = (free_port()?, free_port()?);
        let mut command = match self.program {
            Program::Sockudo => Command::new(directory.join("sockudo/bin/sockudo")),
            Program::Node { arguments, .. } => {
                let mut node = Command::new("node");
                node.args(arguments);
                node
            }
        };
        command
            .current_dir(&directory)
            .env("NODE_ENV", "production")
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("SOCKUDO_DEFAULT_APP_ID", &app.id)
            .env("SOCKUDO_DEFAULT_APP_KEY", &app.key)
            .env("SOCKUDO_DEFAULT_APP_SECRET", &app.secret)
            // Sockudo would take 100 sockets, and 20 a minute; 0 is no limit.
            .env("SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS", "0")
            .env("RATE_LIMITER_ENABLED", "false")
            .env("RUST_LOG", "error")
            .env("METRICS_ENABLED", "false")
            .env("SOKETI_HOST", "127.0.0.1")
            .env("SOKETI_PORT", port.to_string())
            .env("SOKETI_METRICS_SERVER_PORT", port_for_metrics.to_string())
            .env("SOKETI_DEFAULT_APP_ID", &app.id)
            .env("SOKETI_DEFAULT_APP_KEY", &app.key)
            .env("SOKETI_DEFAULT_APP_SECRET", &app.secret);
        let log = results.join(format!("{}.log", self.name));
        let server = Server::start_other(command, port, &log)?;
        let target = Target {
            name: self.name.to_owned(),
            version: self.version(&directory).context("it has no version")?,
            address: server.address.clone(),
            pid: server.pid(),
            dialect: (self.dialect)(app.clone()),
        };
        Ok((server, target))
    }
}

/// A port that nobody listens on at the moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
