//! A restart whose listening socket is handed over: nobody is refused.

use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::process::ServerProcess;
use crate::support::settings::{DEADLINE, client_builder};
use crate::support::socket::Socket;

/// Starts a process as systemd does that has a socket unit: the socket is descriptor 3, and the environment says so.
fn start_with_socket(listener: &TcpListener) -> ServerProcess {
    // A copy that the child inherits; the standard library's own is closed when another program is run.
    let inherited = rustix::io::dup(listener).expect("a descriptor");
    let shell = format!("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&{}", inherited.as_raw_fd());
    ServerProcess::start_within(&["bash", "-c", &shell], "127.0.0.1:1", &[])
}

#[actix_web::test]
async fn a_process_that_gets_the_socket_of_the_one_before_leaves_no_gap() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut first = start_with_socket(&listener);
    assert_eq!(first.address, listener.local_addr().expect("an address"), "the option --listen was obeyed");
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::open(&first).await);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn(ask_all_the_time(first.url("/health/live"), Arc::clone(&is_over)));
    // Each client comes back at once when it is closed.
    let address = first.address;
    let clients = sockets.into_iter().map(|mut socket| async move {
        let closed = socket.closed().await;
        let away = Instant::now();
        Socket::open(&address).await;
        (closed.code, away.elapsed())
    });
    let (away, (stopped, second)) = tokio::join!(futures_util::future::join_all(clients), async {
        let stopped = first.terminate().await;
        let listener = listener.try_clone().expect("a descriptor");
        (stopped, tokio::task::spawn_blocking(move || start_with_socket(&listener)).await.expect("no panic"))
    });
    is_over.store(true, Ordering::Relaxed);
    let (answers, longest) = asking.await.expect("no panic");
    let slowest = away.iter().map(|(_, away)| *away).max().expect("some");
    println!("stopped in {stopped:?}; 20 sockets away for {slowest:?}; {answers} requests, the longest {longest:?}");
    assert!(away.iter().all(|(code, _)| *code == 4200), "{away:?}");
    assert!(stopped < Duration::from_secs(2), "{stopped:?}");
    assert!(answers > 0, "nobody asked");
    drop(second);
}

/// Asks for a page over and over, each time on a connection of its own; every one must be answered with 200.
async fn ask_all_the_time(url: String, is_over: Arc<AtomicBool>) -> (usize, Duration) {
    let client = client_builder().pool_max_idle_per_host(0).timeout(DEADLINE).build().expect("a client");
    let (mut answers, mut longest) = (0, Duration::ZERO);
    while !is_over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let answer = client.get(&url).send().await.expect("a request was refused");
        assert_eq!(answer.status(), 200);
        (answers, longest) = (answers + 1, longest.max(asked.elapsed()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (answers, longest)
}
