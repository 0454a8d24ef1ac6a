//! A cable that can be cut: forwards connections to an address, until it forwards nothing more and says nothing of it.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cable {
    Whole,
    /// Nothing arrives, and nobody is told: as behind a router that has lost its way.
    Cut,
    /// Connections are ended, and new ones refused: as when the other end is gone.
    Unplugged,
}

/// The cable.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    cable: watch::Sender<Cable>,
}

impl Proxy {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (cable, state) = watch::channel(Cable::Whole);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, target, state.clone()));
            }
        });
        Self { address, cable }
    }

    pub(crate) fn set(&self, cable: Cable) {
        self.cable.send_replace(cable);
    }
}

async fn carry(near: TcpStream, target: SocketAddr, mut cable: watch::Receiver<Cable>) {
    // A connection that begins in the dark stays there.
    let _ = cable.wait_for(|cable| *cable != Cable::Cut).await;
    if *cable.borrow() == Cable::Unplugged {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let unplugged = async {
        // The test's end is one too.
        let _ = cable.clone().wait_for(|cable| *cable == Cable::Unplugged).await;
    };
    tokio::select! {
        () = pass(near_in, far_out, cable.clone()) => {}
        () = pass(far_in, near_out, cable.clone()) => {}
        () = unplugged => {}
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut cable: watch::Receiver<Cable>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        if cable.wait_for(|cable| *cable != Cable::Cut).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
