//! Every event reaches every page once and in order, whatever the bus does.

use std::time::{Duration, Instant};

use crate::cluster::{Audience, Cluster, percentile};
use crate::nats::Nats;
use crate::proxy::{Cable, Proxy};
use crate::support::process::ServerProcess;
use crate::support::settings::setting;
use crate::support::socket::Socket;

fn bus(nats: &Nats) -> String {
    format!("nats://{}", nats.address())
}

/// S1: 5 % lost, 5 % repeated, the rest up to 300 ms late and out of order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_loses_repeats_and_overtakes_changes_nothing_for_a_page() {
    let Some(nats) = Nats::start() else { return };
    let faults = ["--bus-faults-percent", "5"];
    let Some(cluster) = Cluster::start(2, 3, &bus(&nats), &faults).await else { return };
    let rooms = cluster.rooms(10).await;
    let count = usize::try_from(setting("HUBBUB_TEST_PAGES").unwrap_or(60)).expect("small");
    let audience = Audience::gather(&cluster, &rooms, count).await;
    let during = Duration::from_secs(setting("HUBBUB_TEST_SECS").unwrap_or(6));
    let mut posted = cluster.post(&rooms, setting("HUBBUB_TEST_RATE").unwrap_or(60), during).await;
    let heads = cluster.heads(&rooms).await;
    let (seen, last) = audience.read_all(&heads, Duration::from_secs(45)).await;
    println!(
        "S1: {} posts (p50 {} ms, p99 {} ms), {count} pages; {} applied live, {} fetched, {} repeated; last page {last:?} \
         after the last post",
        posted.took.len(),
        percentile(&mut posted.took, 0.5),
        percentile(&mut posted.took, 0.99),
        seen.live,
        seen.repaired,
        seen.repeated
    );
    assert!(seen.live > 0 && seen.repaired > 0 && seen.repeated > 0, "the bus was mistreated");
}

/// S2: the only server is away for a while, and comes back with nothing of what it knew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_away_delays_events_and_no_post() {
    let Some(mut nats) = Nats::start() else { return };
    let Some(cluster) = Cluster::start(1, 2, &bus(&nats), &[]).await else { return };
    let rooms = cluster.rooms(4).await;
    let audience = Audience::gather(&cluster, &rooms, 16).await;
    let away = Duration::from_secs(setting("HUBBUB_TEST_AWAY_SECS").unwrap_or(3));
    let outage = async {
        cluster.until_stored(40).await;
        nats.kill();
        tokio::time::sleep(away).await;
        nats.run();
    };
    let (mut posted, ()) = tokio::join!(cluster.post(&rooms, 40, away + Duration::from_secs(3)), outage);
    let heads = cluster.heads(&rooms).await;
    let (seen, last) = audience.read_all(&heads, Duration::from_secs(20)).await;
    let (p50, p99) = (percentile(&mut posted.took, 0.5), percentile(&mut posted.took, 0.99));
    println!(
        "S2: away {away:?}: {} posts (p50 {p50} ms, p99 {p99} ms); {} applied live, {} fetched; last page {last:?} after the \
         last post",
        posted.took.len(),
        seen.live,
        seen.repaired
    );
    assert_eq!(posted.unavailable, 0);
    assert!(p99 < away.as_millis(), "nobody waits for the bus: {p99} ms");
}

/// S2: one server of three is killed while everybody writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_servers_may_die() {
    let Some(mut servers) = Nats::start_three() else { return };
    let bus = servers.iter().map(bus).collect::<Vec<_>>().join(",");
    let Some(cluster) = Cluster::start(1, 2, &bus, &[]).await else { return };
    let rooms = cluster.rooms(4).await;
    let audience = Audience::gather(&cluster, &rooms, 16).await;
    let kill = async {
        cluster.until_stored(40).await;
        servers[0].kill();
    };
    let (posted, ()) = tokio::join!(cluster.post(&rooms, 40, Duration::from_secs(4)), kill);
    let heads = cluster.heads(&rooms).await;
    let (seen, last) = audience.read_all(&heads, Duration::from_secs(20)).await;
    println!(
        "S2: one of three killed: {} posts; {} applied live, {} fetched; last page {last:?} after the last post",
        posted.took.len(),
        seen.live,
        seen.repaired
    );
}

/// S6: a node dies between the commit and the dispatch. It dispatches nothing, and is killed when its answer is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_whose_node_died_before_dispatching_it_arrives_all_the_same() {
    let Some(nats) = Nats::start() else { return };
    let Some(mut cluster) = Cluster::start(1, 1, &bus(&nats), &[]).await else { return };
    let room = cluster.rooms(1).await[0];
    let mut socket = Socket::open(&cluster.sockets[0]).await;
    let data = format!(r#"{{"user_id":"{}"}}"#, cluster.ada.id);
    socket.subscribe(&format!("private-room.{room}"), Some(&data)).await;
    let (url, silent) = (cluster.database_url(), ["--bus-faults-percent", "100"]);
    let mut dying =
        ServerProcess::start(&[&["--role", "web", "--bus", &bus(&nats), "--database-url", &url], &silent[..]].concat());
    cluster.webs.push(ServerProcess::start(&["--role", "web", "--bus", &bus(&nats), "--database-url", &url]));
    let post = cluster.ada.client.post(dying.url(&format!("/api/v1/rooms/{room}/messages")));
    let (status, message) = cluster.ada.call(post.json(&serde_json::json!({"body": "last words"}))).await;
    let posted = Instant::now();
    dying.kill();
    assert_eq!(status, 201);
    loop {
        let frame = socket.next().await;
        if frame.event == "room.head" && frame.data["seq"] == message["seq"] {
            break;
        }
    }
    let took = posted.elapsed();
    println!("S6: the event was revealed {took:?} after its post");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// S7: the database is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_posts_wait_and_what_is_live_goes_on() {
    let Some(nats) = Nats::start() else { return };
    let Some(schema) = crate::support::database::PostgresSchema::create() else { return };
    let url = reqwest::Url::parse(&schema.url()).expect("a URL");
    let server = url.socket_addrs(|| Some(5432)).expect("an address")[0];
    let proxy = Proxy::to(server).await;
    let mut through = url.clone();
    through.set_port(Some(proxy.address.port())).expect("a port");
    through.set_host(Some("127.0.0.1")).expect("a host");
    let web = ["--role", "web", "--bus", &bus(&nats), "--database-url", through.as_str()];
    let webs = vec![ServerProcess::start(&web)];
    let cluster = Cluster::of(webs, 2, &bus(&nats), schema).await;
    let rooms = cluster.rooms(2).await;
    let audience = Audience::gather(&cluster, &rooms, 8).await;
    let (mut one, mut two) = (Socket::open(&cluster.sockets[0]).await, Socket::open(&cluster.sockets[1]).await);
    one.subscribe("private-typing", None).await;
    two.subscribe("private-typing", None).await;
    let away = Duration::from_secs(setting("HUBBUB_TEST_AWAY_SECS").unwrap_or(3));
    let outage = async {
        cluster.until_stored(20).await;
        proxy.set(Cable::Unplugged);
        tokio::time::sleep(away / 2).await;
        one.send(serde_json::json!({"event": "client-typing", "channel": "private-typing", "data": {}})).await;
        two.expect("client-typing").await;
        tokio::time::sleep(away / 2).await;
        proxy.set(Cable::Whole);
    };
    let (posted, ()) = tokio::join!(cluster.post(&rooms, 20, away + Duration::from_secs(2)), outage);
    let heads = cluster.heads(&rooms).await;
    let (seen, last) = audience.read_all(&heads, Duration::from_secs(30)).await;
    println!(
        "S7: database away {away:?}: {} posts, {} times 503; {} applied live, {} fetched; last page {last:?} after the last \
         post",
        posted.took.len(),
        posted.unavailable,
        seen.live,
        seen.repaired
    );
    assert!(posted.unavailable > 0);
}
