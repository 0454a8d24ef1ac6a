//! S4 once more, with a network of its own: a node behind a router that forgets to forward. Needs root and network
//! namespaces; where the kernel allows neither, that is said, and the cable of [`cuts`](crate::cuts) has to do.

use std::process::Command;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::cluster::{Audience, Cluster};
use crate::nats::Nats;
use crate::support::process::ServerProcess;
use crate::support::settings::{DEADLINE, setting, skip};

/// This side, reached by everybody here; and the far side, beyond the router.
const HERE: &str = "10.231.17.1";
const FAR: &str = "10.231.18.2";

/// A namespace for the router, and one for the node behind it. Gone when it is dropped.
struct Network {
    router: String,
    far: String,
}

fn run(command: &str) -> Result<(), String> {
    let output = Command::new("sh").args(["-c", command]).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

impl Network {
    fn make() -> Option<Self> {
        let id = std::process::id();
        let network = Self { router: format!("hubbub-router-{id}"), far: format!("hubbub-far-{id}") };
        match network.wire(id) {
            Ok(()) => Some(network),
            Err(reason) => {
                let reason = format!("no network namespaces here, so no partition by a router: {reason}");
                skip(&reason, "HUBBUB_TEST_REQUIRE_NAMESPACES");
                None
            }
        }
    }

    fn wire(&self, id: u32) -> Result<(), String> {
        let Self { router, far } = self;
        let (here, near, beyond, end) =
            (format!("hbh{id}"), format!("hbn{id}"), format!("hbb{id}"), format!("hbe{id}"));
        run(&format!("ip netns add {router}"))?;
        run(&format!("ip netns add {far}"))?;
        run(&format!("ip link add {here} type veth peer name {near} netns {router}"))?;
        run(&format!("ip -n {router} link add {beyond} type veth peer name {end} netns {far}"))?;
        run(&format!("ip addr add {HERE}/24 dev {here} && ip link set {here} up"))?;
        run(&format!("ip -n {router} addr add 10.231.17.2/24 dev {near} && ip -n {router} link set {near} up"))?;
        run(&format!("ip -n {router} addr add 10.231.18.1/24 dev {beyond} && ip -n {router} link set {beyond} up"))?;
        run(&format!("ip -n {far} addr add {FAR}/24 dev {end} && ip -n {far} link set {end} up"))?;
        run(&format!("ip -n {far} link set lo up && ip -n {far} route add default via 10.231.18.1"))?;
        run("ip route add 10.231.18.0/24 via 10.231.17.2")?;
        self.forward(true)
    }

    /// Has the router forward, or drop what it gets without a word.
    fn forward(&self, is_on: bool) -> Result<(), String> {
        let value = u8::from(is_on);
        run(&format!("ip netns exec {} sh -c 'echo {value} > /proc/sys/net/ipv4/ip_forward'", self.router))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The links and routes go with their namespaces. What was never made is not there.
        let _ = run(&format!("ip netns del {}", self.far));
        let _ = run(&format!("ip netns del {}", self.router));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_behind_a_router_that_forwards_nothing_notices_and_heals() {
    let Some(network) = Network::make() else { return };
    let Some(nats) = Nats::start_at(HERE.parse().expect("an address")) else { return };
    let bus = format!("nats://{}", nats.address());
    let Some(mut cluster) = Cluster::start(1, 1, &bus, &[]).await else { return };
    let within = ["ip", "netns", "exec", &network.far];
    let mut far = ServerProcess::start_within(&within, &format!("{FAR}:0"), &["--role", "ws", "--bus", &bus]);
    far.logs("the bus is heard", DEADLINE).await;
    let rooms = cluster.rooms(2).await;
    cluster.sockets.push(far);
    let audience = Audience::gather(&cluster, &rooms, 8).await;
    let mut far = cluster.sockets.pop().expect("it was pushed");
    let away = Duration::from_secs(setting("HUBBUB_TEST_CUT_SECS").unwrap_or(8));
    let outage = async {
        let cut = Instant::now();
        network.forward(false).expect("switched off");
        let noticed = far.logs("cut off", DEADLINE).await - cut;
        sleep(away.saturating_sub(cut.elapsed())).await;
        network.forward(true).expect("switched on");
        let mended = Instant::now();
        (noticed, far.logs("the bus is heard", Duration::from_secs(20)).await - mended)
    };
    let (posted, (noticed, heard)) = tokio::join!(cluster.post(&rooms, 20, away + Duration::from_secs(2)), outage);
    let heads = cluster.heads(&rooms).await;
    let read = timeout(Duration::from_secs(60), audience.read_all(&heads, Duration::from_secs(45))).await;
    let (seen, last) = read.expect("everybody has everything");
    println!(
        "S4 (router): cut for {away:?}, noticed after {noticed:?}, heard {heard:?} after it was mended; {} posts, {} applied \
         live, {} fetched; last page {last:?} after the last post",
        posted.took.len(),
        seen.live,
        seen.repaired
    );
    assert!(noticed < Duration::from_millis(4_500), "{noticed:?}");
}
