//! Several nodes on one database and one bus, and people who write and read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use crate::page::{Page, Seen};
use crate::person::Person;
use crate::support::database::PostgresSchema;
use crate::support::process::ServerProcess;
use crate::support::settings::DEADLINE;

/// The nodes.
pub(crate) struct Cluster {
    pub(crate) webs: Vec<ServerProcess>,
    pub(crate) sockets: Vec<ServerProcess>,
    pub(crate) ada: Person,
    /// How many posts were stored.
    stored: watch::Sender<usize>,
    /// Outlives the nodes.
    schema: PostgresSchema,
}

/// What became of many posts.
pub(crate) struct Posted {
    /// How long each took.
    pub(crate) took: Vec<Duration>,
    /// Posts that were answered 503.
    pub(crate) unavailable: usize,
}

impl Cluster {
    /// Starts web and socket nodes on one bus; `None`, which is said, without Postgres.
    pub(crate) async fn start(webs: usize, sockets: usize, bus: &str, web_options: &[&str]) -> Option<Self> {
        let schema = PostgresSchema::create()?;
        let url = schema.url();
        let web =
            || ServerProcess::start(&[&["--role", "web", "--bus", bus, "--database-url", &url], web_options].concat());
        let webs: Vec<_> = (0..webs).map(|_| web()).collect();
        Some(Self::of(webs, sockets, bus, schema).await)
    }

    /// Adds socket nodes to web nodes, and somebody who writes.
    pub(crate) async fn of(webs: Vec<ServerProcess>, sockets: usize, bus: &str, schema: PostgresSchema) -> Self {
        let sockets: Vec<_> = (0..sockets).map(|_| socket_node(bus)).collect();
        let ada = Person::sign_up(&webs[0], "ada").await;
        let cluster = Self { webs, sockets, ada, stored: watch::Sender::new(0), schema };
        cluster.wait_until_ready().await;
        cluster
    }

    pub(crate) fn database_url(&self) -> String {
        self.schema.url()
    }

    pub(crate) async fn wait_until_ready(&self) {
        Self::wait_for(&self.sockets).await;
    }

    /// Waits until every node with sockets hears all others.
    pub(crate) async fn wait_for(nodes: &[ServerProcess]) {
        let all = nodes.len() as u64;
        let ready = async {
            for node in nodes {
                while node.metric("hubbub_bus_connected").await != 1 || node.metric("hubbub_bus_nodes").await < all {
                    sleep(Duration::from_millis(50)).await;
                }
            }
        };
        timeout(Duration::from_secs(20), ready).await.expect("the nodes find each other");
    }

    pub(crate) fn socket_addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|node| node.address).collect()
    }

    pub(crate) fn web_addresses(&self) -> Vec<SocketAddr> {
        self.webs.iter().map(|node| node.address).collect()
    }

    pub(crate) async fn rooms(&self, count: usize) -> Vec<i64> {
        let mut rooms = Vec::new();
        for number in 0..count {
            rooms.push(self.ada.create_room(&self.webs[0], &format!("Room {number}")).await);
        }
        rooms
    }

    /// Posts to the rooms in turn, at this rate, at the web nodes in turn. A post that fails is sent again until it is
    /// stored: its name is its own.
    pub(crate) async fn post(&self, rooms: &[i64], rate: u64, during: Duration) -> Posted {
        let mut ticks = interval(Duration::from_secs(1) / u32::try_from(rate).expect("small"));
        let (started, mut posts, mut number) = (Instant::now(), JoinSet::new(), 0_usize);
        let webs: Arc<[SocketAddr]> = self.web_addresses().into();
        while started.elapsed() < during {
            ticks.tick().await;
            let (ada, webs, stored) = (self.ada.clone(), Arc::clone(&webs), self.stored.clone());
            let room = rooms[number % rooms.len()];
            posts.spawn(async move {
                let posted = post(ada, webs, room, number).await;
                stored.send_modify(|count| *count += 1);
                posted
            });
            number += 1;
        }
        let mut posted = Posted { took: Vec::new(), unavailable: 0 };
        for (took, unavailable) in posts.join_all().await {
            posted.took.push(took);
            posted.unavailable += unavailable;
        }
        posted
    }

    /// Waits until so many posts were stored: everybody is at work.
    pub(crate) async fn until_stored(&self, posts: usize) {
        let mut stored = self.stored.subscribe();
        let enough = timeout(DEADLINE, stored.wait_for(|count| *count >= posts)).await;
        enough.expect("posts are stored in time").expect("the cluster counts");
    }

    /// The heads of rooms.
    pub(crate) async fn heads(&self, rooms: &[i64]) -> Vec<i64> {
        let mut heads = Vec::new();
        for room in rooms {
            heads.push(self.ada.head(self.webs.last().expect("a web node"), *room).await);
        }
        heads
    }
}

async fn post(person: Person, webs: Arc<[SocketAddr]>, room: i64, number: usize) -> (Duration, usize) {
    let message = json!({"body": format!("message {number}"), "client_id": format!("{room}-{number}")});
    let mut unavailable = 0;
    for attempt in number.. {
        let url = format!("http://{}/api/v1/rooms/{room}/messages", webs[attempt % webs.len()]);
        let started = Instant::now();
        let answer = person.client.post(url).bearer_auth(&person.token).json(&message).send().await;
        match answer.map(|answer| (answer.status(), answer.headers().contains_key("retry-after"))) {
            Ok((StatusCode::CREATED | StatusCode::OK, _)) => return (started.elapsed(), unavailable),
            Ok((StatusCode::SERVICE_UNAVAILABLE, waits)) => {
                assert!(waits, "503 says when to come back");
                unavailable += 1;
            }
            Ok((status, _)) => panic!("a post was answered {status}"),
            // The node is gone.
            Err(_) => {}
        }
        sleep(Duration::from_millis(200)).await;
    }
    unreachable!("the attempts have no end")
}

/// A node with sockets.
pub(crate) fn socket_node(bus: &str) -> ServerProcess {
    ServerProcess::start(&["--role", "ws", "--bus", bus, "--shutdown-spread-ms", "200"])
}

/// Pages, spread over rooms and nodes.
pub(crate) struct Audience {
    pages: JoinSet<Seen>,
    goals: Vec<watch::Sender<Option<i64>>>,
    is_live: Arc<Semaphore>,
    count: usize,
}

impl Audience {
    /// Opens pages, and waits until each has a socket.
    pub(crate) async fn gather(cluster: &Cluster, rooms: &[i64], count: usize) -> Self {
        let mut audience =
            Self { pages: JoinSet::new(), goals: Vec::new(), is_live: Arc::new(Semaphore::new(0)), count };
        audience.goals = rooms.iter().map(|_| watch::Sender::new(None)).collect();
        for number in 0..count {
            let place = number % rooms.len();
            let own = number / rooms.len();
            let (sockets, webs) = (cluster.socket_addresses(), cluster.web_addresses());
            let page = Page::new(cluster.ada.clone(), rooms[place], sockets, webs, own);
            audience.pages.spawn(page.follow(audience.goals[place].subscribe(), Arc::clone(&audience.is_live)));
        }
        let everybody = u32::try_from(count).expect("small");
        let live = timeout(Duration::from_secs(60), audience.is_live.acquire_many(everybody)).await;
        drop(live.expect("everybody connects in time").expect("the pages run"));
        audience
    }

    /// Waits until everybody has read everything; answers what they saw, and how long the last one took.
    pub(crate) async fn read_all(self, heads: &[i64], within: Duration) -> (Seen, Duration) {
        let started = Instant::now();
        for (goal, head) in self.goals.iter().zip(heads) {
            goal.send_replace(Some(*head));
        }
        let mut pages = self.pages;
        let mut all = Seen::default();
        for _ in 0..self.count {
            let left = within.saturating_sub(started.elapsed());
            let seen = timeout(left, pages.join_next()).await.unwrap_or_else(|_| {
                panic!("{} of {} pages did not get everything within {within:?}", pages.len(), self.count)
            });
            let seen = seen.expect("pages are left").expect("no panic");
            all.live += seen.live;
            all.repaired += seen.repaired;
            all.repeated += seen.repeated;
            all.blackouts.extend(seen.blackouts);
        }
        (all, started.elapsed())
    }
}

/// The duration that this share of all is below, in milliseconds.
pub(crate) fn percentile(durations: &mut [Duration], share: f64) -> u128 {
    durations.sort();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let place = ((durations.len() as f64 - 1.0) * share) as usize;
    durations.get(place).map_or(0, Duration::as_millis)
}
