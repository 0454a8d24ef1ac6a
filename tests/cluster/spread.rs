//! Events go where somebody wants them, and nowhere else.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::cluster::{Audience, Cluster, socket_node};
use crate::nats::Nats;
use crate::support::publisher::Publisher;
use crate::support::settings::setting;
use crate::support::socket::Socket;

/// S8: no node receives an event that none of its sockets wants.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_hears_only_what_its_sockets_want() {
    let Some(nats) = Nats::start() else { return };
    let Some(cluster) = Cluster::start(1, 3, &format!("nats://{}", nats.address()), &[]).await else { return };
    let rooms = cluster.rooms(usize::try_from(setting("HUBBUB_TEST_ROOMS").unwrap_or(60)).expect("small")).await;
    // Two of three nodes have sockets: the pages do not know of the third.
    let (first, second) = (&cluster.sockets[0], &cluster.sockets[1]);
    let mut sockets = Vec::new();
    let data = format!(r#"{{"user_id":"{}"}}"#, cluster.ada.id);
    for (number, room) in rooms.iter().enumerate() {
        let mut socket = Socket::open(if number % 3 == 0 { first } else { second }).await;
        socket.subscribe(&format!("private-room.{room}"), Some(&data)).await;
        sockets.push(socket);
    }
    // What was to be told of the rooms' making has been told.
    sleep(Duration::from_millis(6_500)).await;
    let heard = async || {
        let mut heard = Vec::new();
        for node in &cluster.sockets {
            heard.push(node.metric("hubbub_events_heard_total").await);
        }
        heard
    };
    let before = heard().await;
    for room in &rooms {
        let url = cluster.webs[0].url(&format!("/api/v1/rooms/{room}/messages"));
        cluster.ada.call(cluster.ada.client.post(url).json(&json!({"body": "hello"}))).await;
    }
    for socket in &mut sockets {
        while socket.next().await.event != "message.posted" {}
    }
    let after = heard().await;
    let grown: Vec<_> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
    println!("S8: {} rooms; events heard by the nodes: {grown:?}, of which heads are reminders", rooms.len());
    let (mine, all) = (rooms.len().div_ceil(3) as u64, rooms.len() as u64);
    assert_eq!(after[2], 0, "nobody there wants anything");
    // Each room's event once, and at most one reminder of it meanwhile.
    assert!((mine..=2 * mine).contains(&grown[0]) && (all - mine..=2 * (all - mine)).contains(&grown[1]), "{grown:?}");
}

/// S9: very many channels on one node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_channels_are_listened_to_again_after_the_bus_was_away() {
    let Some(mut nats) = Nats::start() else { return };
    let bus = format!("nats://{}", nats.address());
    let nodes = [socket_node(&bus), socket_node(&bus)];
    Cluster::wait_for(&nodes).await;
    let before = nodes[0].memory_bytes();
    let channels = setting("HUBBUB_TEST_CHANNELS").unwrap_or(3_000);
    let mut sockets = Vec::new();
    for first in (0..channels).step_by(500) {
        let mut socket = Socket::open(&nodes[0]).await;
        for number in first..(first + 500).min(channels) {
            let frame = json!({"event": "pusher:subscribe", "data": {"channel": format!("c{number}")}});
            socket.send(frame).await;
            socket.expect("pusher_internal:subscription_succeeded").await;
        }
        sockets.push(socket);
    }
    let publish = async |data: String| {
        let event = json!({"name": "e", "channel": format!("c{}", channels - 1), "data": data});
        Publisher::of(&nodes[1]).post("/events", &event).await.expect(200);
    };
    let last = sockets.last_mut().expect("one");
    publish("before".to_owned()).await;
    last.expect("e").await;
    let grown = nodes[0].memory_bytes().saturating_sub(before);
    nats.kill();
    nats.run();
    let back = Instant::now();
    for number in 0.. {
        publish(number.to_string()).await;
        if timeout(Duration::from_millis(100), last.next()).await.is_ok() {
            break;
        }
        assert!(back.elapsed() < Duration::from_secs(30), "nothing is heard any more");
    }
    println!(
        "S9: {channels} channels: {} bytes each; heard {:?} after the bus came back",
        grown / channels,
        back.elapsed()
    );
}

/// A revocation reaches a node that holds the channel, and the right is gone there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_hears_nothing_more_on_any_node() {
    let Some(nats) = Nats::start() else { return };
    let Some(cluster) = Cluster::start(1, 2, &format!("nats://{}", nats.address()), &[]).await else { return };
    let room = cluster.rooms(1).await[0];
    let eve = crate::person::Person::sign_up(&cluster.webs[0], "eve").await;
    let url = cluster.webs[0].url(&format!("/api/v1/rooms/{room}"));
    let (status, _) = eve.call(eve.client.post(format!("{url}/join"))).await;
    assert_eq!(status, 200);
    let channel = format!("private-room.{room}");
    let data = format!(r#"{{"user_id":"{}"}}"#, eve.id);
    let mut sockets = Vec::new();
    for node in &cluster.sockets {
        let mut socket = Socket::open(node).await;
        socket.subscribe(&channel, Some(&data)).await;
        sockets.push(socket);
    }
    let audience = Audience::gather(&cluster, &[room], 2).await;
    let (status, _) = cluster.ada.call(cluster.ada.client.delete(format!("{url}/members/{}", eve.id))).await;
    assert_eq!(status, 204);
    for socket in &mut sockets {
        while socket.next().await.event != "pusher:subscription_error" {}
    }
    let say = cluster.ada.client.post(format!("{url}/messages")).json(&json!({"body": "she is gone"}));
    assert_eq!(cluster.ada.call(say).await.0, 201);
    audience.read_all(&cluster.heads(&[room]).await, Duration::from_secs(10)).await;
    for socket in &mut sockets {
        socket.expect_silence().await;
    }
}
