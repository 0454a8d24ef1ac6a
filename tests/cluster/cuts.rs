//! Nodes that do not hear the others, and nodes that stand still.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::time::sleep;

use crate::cluster::{Audience, Cluster, socket_node};
use crate::nats::Nats;
use crate::person::http;
use crate::person::settle;
use crate::proxy::{Cable, Proxy};
use crate::support::process::ServerProcess;
use crate::support::settings::{DEADLINE, setting};
use crate::support::socket::Socket;

/// S4: the cable between a node and the bus is cut without a word, and mended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_notices_and_heals_by_itself() {
    let Some(nats) = Nats::start() else { return };
    let proxy = Proxy::to(nats.address()).await;
    let Some(mut cluster) = Cluster::start(1, 1, &format!("nats://{}", nats.address()), &[]).await else { return };
    let mut far = socket_node(&format!("nats://{}", proxy.address));
    let away = Duration::from_secs(setting("HUBBUB_TEST_CUT_SECS").unwrap_or(12));
    let rooms = cluster.rooms(2).await;
    cluster.sockets.push(far);
    cluster.wait_until_ready().await;
    let audience = Audience::gather(&cluster, &rooms, 8).await;
    let (mut ada, mut bob) = (Socket::open(&cluster.sockets[0]).await, Socket::open(&cluster.sockets[1]).await);
    ada.appear("presence-c", "ada").await;
    settle(&cluster.sockets[0]).await;
    bob.appear("presence-c", "bob").await;
    ada.expect("pusher_internal:member_added").await;
    far = cluster.sockets.pop().expect("it was pushed");
    let cut = Instant::now();
    proxy.set(Cable::Cut);
    let outage = async {
        let noticed = far.logs("cut off", DEADLINE).await - cut;
        let ready = http().get(far.url("/health/ready")).send().await.expect("an answer").status();
        assert_eq!(ready, 503);
        sleep(away.saturating_sub(cut.elapsed())).await;
        proxy.set(Cable::Whole);
        let mended = Instant::now();
        let heard = far.logs("the bus is heard", Duration::from_secs(15)).await - mended;
        (noticed, heard)
    };
    let (posted, (noticed, heard)) = tokio::join!(cluster.post(&rooms, 20, away + Duration::from_secs(2)), outage);
    let heads = cluster.heads(&rooms).await;
    let (seen, last) = audience.read_all(&heads, Duration::from_secs(20)).await;
    println!(
        "S4: cut for {away:?}, noticed after {noticed:?}, heard {heard:?} after it was mended; {} posts, {} applied live, \
         {} fetched; last page {last:?} after the last post",
        posted.took.len(),
        seen.live,
        seen.repaired
    );
    assert!(noticed < Duration::from_millis(4_500), "{noticed:?}");
    if away > Duration::from_secs(11) {
        // The others took Bob's node for dead after 10 seconds; now both see both again.
        ada.expect("pusher_internal:member_removed").await;
        ada.expect("pusher_internal:member_added").await;
    }
    bob.expect_silence().await;
    assert_eq!(far.metric("hubbub_bus_connected").await, 1);
    assert!(far.metric("hubbub_bus_gaps_total").await >= 1);
}

/// A node whose bus is away for long sends its clients elsewhere, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_for_long_tells_its_sockets_to_look_elsewhere() {
    let Some(nats) = Nats::start() else { return };
    let proxy = Proxy::to(nats.address()).await;
    let bus = format!("nats://{}", proxy.address);
    let node = ServerProcess::start(&["--role", "ws", "--bus", &bus, "--bus-outage-secs", "4"]);
    Cluster::wait_for(std::slice::from_ref(&node)).await;
    let mut socket = Socket::open(&node).await;
    proxy.set(Cable::Unplugged);
    assert_eq!(socket.closed().await.code, 4200);
    let mut again = Socket::open(&node).await;
    again.expect_silence().await;
}

/// S5: a node stands still, and goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stood_still_catches_up_and_the_others_did_not_care() {
    let Some(nats) = Nats::start() else { return };
    let Some(cluster) = Cluster::start(1, 2, &format!("nats://{}", nats.address()), &[]).await else { return };
    let rooms = cluster.rooms(2).await;
    let audience = Audience::gather(&cluster, &rooms, 8).await;
    let still = Duration::from_secs(setting("HUBBUB_TEST_STILL_SECS").unwrap_or(6));
    let stop = async {
        cluster.sockets[1].signal(Signal::STOP);
        sleep(still).await;
        cluster.sockets[1].signal(Signal::CONT);
    };
    let (mut posted, ()) = tokio::join!(cluster.post(&rooms, 20, still + Duration::from_secs(1)), stop);
    let heads = cluster.heads(&rooms).await;
    let (seen, last) = audience.read_all(&heads, Duration::from_secs(20)).await;
    println!(
        "S5: a node stood still for {still:?}: {} posts (p99 {} ms); {} applied live, {} fetched; last page {last:?} after \
         the last post",
        posted.took.len(),
        crate::cluster::percentile(&mut posted.took, 0.99),
        seen.live,
        seen.repaired
    );
}
