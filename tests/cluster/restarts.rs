//! Restarting one node after the other, with everybody connected.

use std::time::Duration;

use crate::cluster::{Audience, Cluster, percentile};
use crate::nats::Nats;
use crate::support::settings::setting;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_ends_sends_its_sockets_to_the_other_and_nothing_is_lost() {
    let Some(nats) = Nats::start() else { return };
    let Some(mut cluster) = Cluster::start(1, 2, &format!("nats://{}", nats.address()), &[]).await else { return };
    let rooms = cluster.rooms(10).await;
    let count = usize::try_from(setting("HUBBUB_TEST_SOCKETS").unwrap_or(200)).expect("small");
    let audience = Audience::gather(&cluster, &rooms, count).await;
    let mut ending = cluster.sockets.remove(1);
    let (posted, took) = tokio::join!(cluster.post(&rooms, 10, Duration::from_secs(5)), async {
        cluster.until_stored(10).await;
        ending.terminate().await
    });
    let heads = cluster.heads(&rooms).await;
    let (mut seen, last) = audience.read_all(&heads, Duration::from_secs(30)).await;
    println!(
        "rolling restart: {count} sockets on two nodes, one ended in {took:?}; {} closed, blackout p50 {} ms, p99 {} ms; {} \
         posts, last page {last:?} after the last post",
        seen.blackouts.len(),
        percentile(&mut seen.blackouts, 0.5),
        percentile(&mut seen.blackouts, 0.99),
        posted.took.len()
    );
    assert_eq!(seen.blackouts.len(), count / 2);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// S3: the clients of a node that was killed resume on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_of_a_killed_node_resume_on_another() {
    let Some(nats) = Nats::start() else { return };
    let Some(mut cluster) = Cluster::start(1, 2, &format!("nats://{}", nats.address()), &[]).await else { return };
    let rooms = cluster.rooms(4).await;
    let audience = Audience::gather(&cluster, &rooms, 24).await;
    let mut dying = cluster.sockets.remove(1);
    let kill = async {
        cluster.until_stored(30).await;
        dying.kill();
    };
    let (posted, ()) = tokio::join!(cluster.post(&rooms, 30, Duration::from_secs(3)), kill);
    let heads = cluster.heads(&rooms).await;
    let (mut seen, last) = audience.read_all(&heads, Duration::from_secs(20)).await;
    println!(
        "S3: a node killed: {} posts, {} applied live, {} fetched, blackout p99 {} ms; last page {last:?} after the last post",
        posted.took.len(),
        seen.live,
        seen.repaired,
        percentile(&mut seen.blackouts, 0.99)
    );
}
