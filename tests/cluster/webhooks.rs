//! Webhooks of channels whose sockets are on several nodes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::nats::Nats;
use crate::person::settle;
use crate::support::process::ServerProcess;
use crate::support::socket::Socket;

const KEY: &str = "hooked-key";
const SECRET: &str = "hooked-secret";
/// Departures are told after this.
const HOLD_MS: &str = "1500";

/// A node that died is missed after some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nodes whose second app calls a webhook, and the events that it gets.
struct Hooked {
    _nats: Nats,
    nodes: Vec<ServerProcess>,
    _directory: TempDir,
    events: mpsc::UnboundedReceiver<Value>,
}

impl Hooked {
    async fn start(count: usize, more: &str) -> Option<Self> {
        let nats = Nats::start()?;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let (sender, events) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receive(stream, sender.clone()));
            }
        });
        let directory = tempfile::tempdir().expect("a directory");
        let apps = directory.path().join("apps.toml");
        let text = format!(
            "[[apps]]\nid = \"2\"\nkey = \"{KEY}\"\nsecret = \"{SECRET}\"\n{more}\n\
             [[apps.webhooks]]\nurl = \"{url}\"\n"
        );
        fs::write(&apps, text).expect("written");
        fs::set_permissions(&apps, fs::Permissions::from_mode(0o600)).expect("set");
        let (bus, apps) = (format!("nats://{}", nats.address()), apps.display().to_string());
        let options = ["--role", "ws", "--bus", &bus, "--apps-file", &apps, "--webhook-hold-ms", HOLD_MS];
        let short = ["--presence-hold-ms", "0", "--shutdown-spread-ms", "200"];
        let nodes: Vec<_> = (0..count).map(|_| ServerProcess::start(&[&options[..], &short].concat())).collect();
        Cluster::wait_for(&nodes).await;
        Some(Self { _nats: nats, nodes, _directory: directory, events })
    }

    async fn open(&self, node: usize) -> Socket {
        Socket::open_app(&self.nodes[node], KEY, SECRET).await
    }

    /// The events up to the one that is wanted, that one included.
    async fn until(&mut self, name: &str, channel: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.unwrap_or_else(|_| panic!("{events:?}"));
            let event = event.expect("the receiver runs");
            let is_wanted = event["name"] == name && event["channel"] == channel;
            events.push(event);
            if is_wanted {
                return events;
            }
        }
    }

    /// Everything that comes until a channel that is left now has been told to be vacated, and some time longer.
    async fn until_the_hold_is_over(&mut self) -> Vec<Value> {
        let mut sentinel = self.open(0).await;
        sentinel.subscribe("sentinel", None).await;
        sentinel.leave("sentinel").await;
        let mut events = self.until("channel_vacated", "sentinel").await;
        sentinel.subscribe("end", None).await;
        events.extend(self.until("channel_occupied", "end").await);
        events
    }
}

/// Answers every request with 200, and hands on its events.
async fn receive(mut stream: TcpStream, events: mpsc::UnboundedSender<Value>) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length.is_some_and(|length: usize| body.len() >= length) {
                let body: Value = serde_json::from_str(body).expect("JSON");
                for event in body["events"].as_array().expect("events") {
                    let _ = events.send(event.clone());
                }
                bytes.clear();
                if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                    return;
                }
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn named<'a>(events: &'a [Value], name: &str, channel: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["name"] == name && event["channel"] == channel).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_was_taken_up_on_another_node_is_not_vacated() {
    let Some(mut hooked) = Hooked::start(2, "").await else { return };
    let (mut here, mut there) = (hooked.open(0).await, hooked.open(1).await);
    here.subscribe("moved", None).await;
    here.subscribe("left", None).await;
    here.appear("presence-moved", "ada").await;
    here.appear("presence-left", "ada").await;
    for channel in ["moved", "left", "presence-moved", "presence-left"] {
        here.leave(channel).await;
    }
    settle(&hooked.nodes[0]).await;
    there.subscribe("moved", None).await;
    there.appear("presence-moved", "ada").await;
    let events = hooked.until_the_hold_is_over().await;
    for channel in ["moved", "presence-moved"] {
        assert_eq!(named(&events, "channel_vacated", channel), Vec::<&Value>::new(), "{channel} is occupied");
    }
    assert_eq!(named(&events, "member_removed", "presence-moved"), Vec::<&Value>::new());
    assert_eq!(named(&events, "channel_vacated", "left").len(), 1);
    assert_eq!(
        named(&events, "member_removed", "presence-left"),
        [&json!({"name": "member_removed", "channel": "presence-left", "user_id": "ada"})]
    );
    // And once it is left there too, it is vacated once.
    there.leave("moved").await;
    there.leave("presence-moved").await;
    let events = hooked.until_the_hold_is_over().await;
    assert_eq!(named(&events, "channel_vacated", "moved").len(), 1);
    assert_eq!(named(&events, "member_removed", "presence-moved").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_count_is_that_of_all_nodes() {
    let Some(mut hooked) = Hooked::start(3, "subscription_counts = true").await else { return };
    let mut sockets = Vec::new();
    for node in 0..3 {
        for _ in 0..3 {
            sockets.push(hooked.open(node).await);
        }
    }
    // All at once: each node hears of the others' sockets after its own have joined.
    futures_util::future::join_all(sockets.iter_mut().map(|socket| socket.try_subscribe("c", None))).await;
    let counts = async |hooked: &mut Hooked, goal: u64| {
        loop {
            let last = hooked.until("subscription_count", "c").await.pop().expect("an event");
            if last["subscription_count"] == goal {
                return;
            }
        }
    };
    counts(&mut hooked, 9).await;
    let left: Vec<_> = sockets.drain(2..7).collect();
    drop(left);
    counts(&mut hooked, 4).await;
    sockets.truncate(2);
    counts(&mut hooked, 2).await;
    drop(sockets);
    counts(&mut hooked, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_members_of_a_node_that_died_are_removed_once() {
    let Some(mut hooked) = Hooked::start(3, "").await else { return };
    let (mut ada, mut bob, mut eve) = (hooked.open(0).await, hooked.open(1).await, hooked.open(2).await);
    ada.appear("presence-c", "ada").await;
    settle(&hooked.nodes[0]).await;
    bob.appear("presence-c", "bob").await;
    settle(&hooked.nodes[1]).await;
    eve.appear("presence-c", "eve").await;
    settle(&hooked.nodes[2]).await;
    for _ in 0..3 {
        hooked.until("member_added", "presence-c").await;
    }
    hooked.nodes[2].kill();
    let events = hooked.until("member_removed", "presence-c").await;
    assert_eq!(events.last().map(|event| &event["user_id"]), Some(&json!("eve")));
    // Another node's would come at the same time.
    sleep(Duration::from_millis(500)).await;
    let events = hooked.until_the_hold_is_over().await;
    assert_eq!(named(&events, "member_removed", "presence-c"), Vec::<&Value>::new());
    assert_eq!(named(&events, "channel_vacated", "presence-c"), Vec::<&Value>::new());
}
