//! What ends on one node ends on all: the sockets and the rights of a session that was signed out, or whose password was
//! reset by a command that has no bus.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::nats::Nats;
use crate::person::{Person, http};
use crate::support::process::ServerProcess;
use crate::support::settings::PASSWORD;
use crate::support::socket::Socket;

/// How long a test waits until everything has ended on every node: longer than the two seconds that it takes, for the
/// machine may be busy.
const SOON: Duration = Duration::from_secs(10);

/// Signs in at a node.
async fn sign_in(node: &ServerProcess, username: &str, id: i64) -> Person {
    let client = http();
    let request = client.post(node.url("/api/v1/session")).json(&json!({"username": username, "password": PASSWORD}));
    let session: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    Person { client, token: session["access_token"].as_str().expect("a token").to_owned(), id }
}

/// A socket on one node in somebody's own channel, authorised by another.
async fn socket(person: &Person, web: &ServerProcess, node: &ServerProcess) -> Socket {
    let mut socket = Socket::open(&node.address).await;
    let channel = format!("private-user.{}", person.id);
    let request = json!({"socket_id": socket.id, "channel_name": channel});
    let request = person.client.post(web.url("/broadcasting/auth")).json(&request);
    let (status, mut data) = person.call(request).await;
    assert_eq!(status, StatusCode::OK, "{data}");
    data["channel"] = channel.into();
    socket.send(json!({"event": "pusher:subscribe", "data": data})).await;
    socket.expect("pusher_internal:subscription_succeeded").await;
    socket
}

/// Waits until no web node knows the person any more, and all these sockets are closed.
async fn assert_ended(cluster: &Cluster, person: &Person, sockets: &mut [Socket], began: Instant) {
    for socket in sockets {
        assert_eq!(socket.closed().await.code, 4200);
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    }
    for web in &cluster.webs {
        let refused = async {
            while person.call(person.client.get(web.url("/api/v1/me"))).await.0 != StatusCode::UNAUTHORIZED {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(SOON.saturating_sub(began.elapsed()), refused).await.expect("every web node knows in time");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_on_every_node_wherever_it_was_ended() {
    let Some(nats) = Nats::start() else { return };
    let bus = format!("nats://{}", nats.address());
    let Some(cluster) = Cluster::start(2, 2, &bus, &[]).await else { return };
    let grace = Person::sign_up(&cluster.webs[0], "grace").await;

    let phone = sign_in(&cluster.webs[1], "grace", grace.id).await;
    let mut sockets = Vec::new();
    for node in &cluster.sockets {
        sockets.push(socket(&phone, &cluster.webs[1], node).await);
    }
    let mut others = socket(&grace, &cluster.webs[0], &cluster.sockets[0]).await;
    let began = Instant::now();
    let (status, _) = phone.call(phone.client.delete(cluster.webs[0].url("/api/v1/session"))).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_ended(&cluster, &phone, &mut sockets, began).await;
    others.expect_silence().await;

    // A command at a terminal has no bus.
    let mut sockets = vec![others];
    for node in &cluster.sockets {
        sockets.push(socket(&grace, &cluster.webs[1], node).await);
    }
    let reset = Command::new(env!("CARGO_BIN_EXE_hubbub"))
        .args([
            "user",
            "reset-password",
            "grace",
            "--password-memory-kib",
            "8",
            "--database-url",
            &cluster.database_url(),
        ])
        .output()
        .expect("it runs");
    assert!(reset.status.success(), "{}", String::from_utf8_lossy(&reset.stderr));
    assert_ended(&cluster, &grace, &mut sockets, Instant::now()).await;
}
