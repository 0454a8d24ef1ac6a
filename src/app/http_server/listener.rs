//! The socket that connections arrive at: bound here, or handed over by whoever started the process.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::rt;
use listenfd::ListenFd;
use rustix::net::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tracing::{debug, info, warn};

use crate::app::start_error::StartError;

/// The listen backlog: all clients reconnect at the same moment after a restart.
const BACKLOG: i32 = 4_096;
/// How long one whose connection is refused may take to send its request and read the answer.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// How long refusals under way may take when the process is about to end.
const LAST_REFUSALS: Duration = Duration::from_millis(50);
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// The listening socket.
pub(in crate::app) struct Listener {
    pub(in crate::app) socket: TcpListener,
    /// Whoever started this process made it, keeps it open, and will hand it to the next one.
    pub(in crate::app) is_handed_over: bool,
}

/// What becomes of connections that arrive while the process stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Newcomers {
    /// They wait for the next process, which gets the same socket.
    Wait,
    /// The port is closed, since other nodes are there: a refused connection is what every proxy tries elsewhere.
    GoElsewhere,
    /// They are answered with 503.
    AreRefused,
}

impl Listener {
    /// The socket that was handed over by the convention of systemd (`LISTEN_FDS`, `LISTEN_PID`), or else one that is bound
    /// to `address`.
    pub(in crate::app) fn open(address: SocketAddr) -> Result<Self, StartError> {
        let handed_over = ListenFd::from_env().take_tcp_listener(0).map_err(StartError::HandedOver)?;
        let is_handed_over = handed_over.is_some();
        let listening = match handed_over {
            Some(socket) => Ok(socket),
            None => TcpListener::bind(address),
        };
        let listening = listening.and_then(|socket| {
            rustix::net::listen(&socket, BACKLOG)?;
            Ok(socket)
        });
        let socket = listening.map_err(|source| StartError::Listen { address, source })?;
        if is_handed_over {
            info!("the listening socket was handed over (LISTEN_FDS): HUBBUB_LISTEN has no effect");
        }
        Ok(Self { socket, is_handed_over })
    }

    pub(in crate::app) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// A second handle of the same socket.
    pub(in crate::app) fn duplicate(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, is_handed_over: self.is_handed_over })
    }

    /// Handles connections that arrive from here on. The server must have stopped accepting.
    pub(in crate::app) fn turn_away(self, newcomers: Newcomers) -> TurningAway {
        let refusing = rt::spawn(async move {
            let ended = match newcomers {
                Newcomers::Wait => Ok(()),
                Newcomers::GoElsewhere => close_port(&self.socket).await,
                Newcomers::AreRefused => refuse_all(self.socket).await,
            };
            if let Err(error) = ended {
                warn!(%error, "connections that arrived while the server stopped were not refused");
            }
        });
        TurningAway { refusing }
    }
}

/// Connections are being turned away.
pub(in crate::app) struct TurningAway {
    refusing: JoinHandle<()>,
}

impl TurningAway {
    /// Ends it, with the process.
    pub(in crate::app) async fn end(self) {
        let aborting = self.refusing.abort_handle();
        // Those that are being answered get a moment more.
        if timeout(LAST_REFUSALS, self.refusing).await.is_err() {
            aborting.abort();
        }
    }
}

async fn close_port(socket: &TcpListener) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let mut refusals = JoinSet::new();
    loop {
        match socket.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                refusals.spawn_local(refuse(TcpStream::from_std(stream)?));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    rustix::net::shutdown(socket, Shutdown::Read)?;
    while refusals.join_next().await.is_some() {}
    Ok(())
}

async fn refuse_all(socket: TcpListener) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(socket)?;
    let mut refusals = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                refusals.spawn_local(refuse(accepted?.0));
            }
            Some(_) = refusals.join_next() => {}
        }
    }
}

/// Answers one request with 503.
async fn refuse(mut stream: TcpStream) {
    let answered = async {
        let mut bytes = [0; 4_096];
        // To close a connection with something unread in it would reset it, and the answer might be lost.
        if stream.read(&mut bytes).await? == 0 {
            return Ok(());
        }
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        while stream.read(&mut bytes).await? > 0 {}
        io::Result::Ok(())
    };
    if let Ok(Err(error)) = timeout(REFUSAL_TIMEOUT, answered).await {
        debug!(%error, "a connection ended before its answer");
    }
}
