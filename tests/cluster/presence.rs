//! Who is there, on all nodes together.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::{Cluster, socket_node};
use crate::nats::Nats;
use crate::person::settle;
use crate::support::process::ServerProcess;
use crate::support::publisher::Publisher;
use crate::support::socket::Socket;

const CHANNEL: &str = "presence-c";

async fn nodes(count: usize) -> Option<(Nats, Vec<ServerProcess>)> {
    let nats = Nats::start()?;
    let nodes: Vec<_> = (0..count).map(|_| socket_node(&format!("nats://{}", nats.address()))).collect();
    Cluster::wait_for(&nodes).await;
    Some((nats, nodes))
}

async fn open(node: &ServerProcess) -> Socket {
    Socket::open(node).await
}

fn user_of(data: &Value) -> &str {
    data["user_id"].as_str().expect("a user")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_two_nodes_see_each_other_come_and_go_once() {
    let Some((_nats, nodes)) = nodes(2).await else { return };
    let (mut ada, mut bob) = (open(&nodes[0]).await, open(&nodes[1]).await);
    assert_eq!(ada.appear_among(CHANNEL, "ada").await, ["ada"]);
    settle(&nodes[0]).await;
    assert_eq!(bob.appear_among(CHANNEL, "bob").await, ["ada", "bob"]);
    assert_eq!(user_of(&ada.expect("pusher_internal:member_added").await.data), "bob");
    // Ada's second socket is on the other node: nobody hears of it, nor of the end of one of the two.
    let mut again = open(&nodes[1]).await;
    assert_eq!(again.appear_among(CHANNEL, "ada").await, ["ada", "bob"]);
    ada.leave(CHANNEL).await;
    settle(&nodes[0]).await;
    bob.expect_silence().await;
    drop(again);
    assert_eq!(user_of(&bob.expect("pusher_internal:member_removed").await.data), "ada");
    let mut carol = open(&nodes[0]).await;
    assert_eq!(carol.appear_among(CHANNEL, "carol").await, ["bob", "carol"]);
    assert_eq!(user_of(&bob.expect("pusher_internal:member_added").await.data), "carol");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_or_an_application_sends_reaches_both_nodes_once() {
    let Some((_nats, nodes)) = nodes(2).await else { return };
    let (mut ada, mut bob) = (open(&nodes[0]).await, open(&nodes[1]).await);
    ada.appear(CHANNEL, "ada").await;
    settle(&nodes[0]).await;
    bob.appear(CHANNEL, "bob").await;
    ada.expect("pusher_internal:member_added").await;
    ada.send(json!({"event": "client-typing", "channel": CHANNEL, "data": {"a": 1}})).await;
    assert_eq!(bob.expect("client-typing").await.data, json!({"a": 1}));
    let event = json!({"name": "e", "channel": CHANNEL, "data": "1", "socket_id": bob.id});
    Publisher::of(&nodes[1]).post("/events", &event).await.expect(200);
    ada.expect("e").await;
    ada.expect_silence().await;
    bob.expect_silence().await;
    bob.sign_in(r#"{"id":"bob"}"#).await;
    Publisher::of(&nodes[0]).post("/users/bob/terminate_connections", &json!({})).await.expect(200);
    assert_eq!(bob.closed().await.code, 4009);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_answers_for_all_of_them() {
    let Some((_nats, nodes)) = nodes(3).await else { return };
    let (mut ada, mut bob) = (open(&nodes[0]).await, open(&nodes[1]).await);
    ada.appear(CHANNEL, "ada").await;
    settle(&nodes[0]).await;
    bob.appear(CHANNEL, "bob").await;
    ada.expect("pusher_internal:member_added").await;
    let query = [("filter_by_prefix", "presence-"), ("info", "user_count")];
    let channels = Publisher::of(&nodes[2]).get("/channels", &query).await.expect(200).json;
    assert_eq!(channels, json!({"channels": {CHANNEL: {"user_count": 2}}}));
    let query = [("info", "user_count,subscription_count")];
    let channel = Publisher::of(&nodes[0]).get(&format!("/channels/{CHANNEL}"), &query).await.expect(200).json;
    assert_eq!(channel, json!({"occupied": true, "user_count": 2, "subscription_count": 2}));
    let users = Publisher::of(&nodes[2]).get(&format!("/channels/{CHANNEL}/users"), &[]).await.expect(200).json;
    assert_eq!(users, json!({"users": [{"id": "ada"}, {"id": "bob"}]}));
    // One that stands still is not waited for.
    nodes[1].signal(rustix::process::Signal::STOP);
    let started = Instant::now();
    let users = Publisher::of(&nodes[2]).get(&format!("/channels/{CHANNEL}/users"), &[]).await.expect(200).json;
    assert_eq!((&users["partial"], users["users"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    nodes[1].signal(rustix::process::Signal::CONT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_event_of_a_cache_channel_is_there_on_every_node() {
    let Some((_nats, nodes)) = nodes(3).await else { return };
    let publish = async |node: &ServerProcess, data: &str| {
        let event = json!({"name": "scored", "channel": "cache-c", "data": data});
        Publisher::of(node).post("/events", &event).await.expect(200);
    };
    publish(&nodes[0], "1").await;
    settle(&nodes[0]).await;
    // The first node holds no socket of the channel, and still hears that its event is out of date.
    publish(&nodes[1], "2").await;
    settle(&nodes[1]).await;
    let mut socket = open(&nodes[2]).await;
    socket.send(json!({"event": "pusher:subscribe", "data": {"channel": "cache-c"}})).await;
    socket.expect("pusher_internal:subscription_succeeded").await;
    assert_eq!(socket.expect("scored").await.data, json!(2));
    let cached = Publisher::of(&nodes[0]).get("/channels/cache-c", &[("info", "cache")]).await.expect(200).json;
    assert_eq!(cached["cache"]["data"], "2");
}

/// S3: those who were present through a node leave with it: once, and soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_a_node_that_died_leave_once_and_soon() {
    let Some((_nats, mut nodes)) = nodes(3).await else { return };
    let (mut ada, mut carol) = (open(&nodes[0]).await, open(&nodes[2]).await);
    ada.appear(CHANNEL, "ada").await;
    settle(&nodes[0]).await;
    let (mut bob, mut dave) = (open(&nodes[1]).await, open(&nodes[1]).await);
    bob.appear(CHANNEL, "bob").await;
    dave.appear(CHANNEL, "dave").await;
    settle(&nodes[1]).await;
    // Carol's node knows of them only from another's account.
    assert_eq!(carol.appear_among(CHANNEL, "carol").await, ["ada", "bob", "carol", "dave"]);
    for _ in 0..3 {
        ada.expect("pusher_internal:member_added").await;
    }
    let killed = Instant::now();
    nodes[1].kill();
    for socket in [&mut ada, &mut carol] {
        let mut gone = Vec::new();
        for _ in 0..2 {
            gone.push(user_of(&socket.expect("pusher_internal:member_removed").await.data).to_owned());
        }
        gone.sort();
        assert_eq!(gone, ["bob", "dave"]);
    }
    println!("S3: the members of a killed node left after {:?}", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(20), "{:?}", killed.elapsed());
    settle(&nodes[2]).await;
    ada.expect_silence().await;
    // One that ends in order says good-bye.
    let ended = Instant::now();
    drop(carol);
    let mut erin = open(&nodes[2]).await;
    ada.expect("pusher_internal:member_removed").await;
    erin.appear(CHANNEL, "erin").await;
    ada.expect("pusher_internal:member_added").await;
    nodes[2].terminate().await;
    ada.expect("pusher_internal:member_removed").await;
    println!("S3: the member of a node that ended left after {:?}", ended.elapsed());
}
