//! A page as `docs/api.md` describes it: subscribes, reads, goes live; drops what is not newer, applies what comes next,
//! and fetches what lies between. It comes back to the next node when its socket is closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until, timeout};

use crate::person::Person;
use crate::support::socket::Frame;
use crate::support::socket::Socket;

/// How long a hole is held before it is fetched: what is missing may be about to come.
const HOLD: Duration = Duration::from_millis(50);

/// The page of one room.
pub(crate) struct Page {
    person: Person,
    room: i64,
    /// The nodes with sockets, this page's own first.
    sockets: Vec<SocketAddr>,
    /// The nodes with the database.
    webs: Vec<SocketAddr>,
    seq: i64,
    seen: Seen,
}

/// What it has seen.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// Events applied as they came.
    pub(crate) live: u64,
    /// Events that were fetched.
    pub(crate) repaired: u64,
    /// Frames that were not newer.
    pub(crate) repeated: u64,
    /// How long it was without a socket, each time.
    pub(crate) blackouts: Vec<Duration>,
}

/// How far the log reaches when all is posted; `None` before.
pub(crate) type Goal = watch::Receiver<Option<i64>>;

impl Page {
    pub(crate) fn new(
        person: Person,
        room: i64,
        mut sockets: Vec<SocketAddr>,
        webs: Vec<SocketAddr>,
        own: usize,
    ) -> Self {
        let count = sockets.len();
        sockets.rotate_left(own % count);
        Self { person, room, sockets, webs, seq: 0, seen: Seen::default() }
    }

    /// Reads on until it has everything, however often its socket is closed. `is_live` counts it in when it has a socket.
    pub(crate) async fn follow(mut self, mut goal: Goal, is_live: Arc<tokio::sync::Semaphore>) -> Seen {
        let mut is_counted = false;
        let mut lost_at = None;
        for attempt in 0.. {
            // As pusher-js does: at once, and then after a second, the next node first.
            let address = self.sockets[attempt % self.sockets.len()];
            if let Some(socket) = self.join(address).await {
                if let Some(at) = lost_at.take() {
                    self.seen.blackouts.push(Instant::now().saturating_duration_since(at));
                }
                if !std::mem::replace(&mut is_counted, true) {
                    is_live.add_permits(1);
                }
                if self.listen(socket, &mut goal).await {
                    return self.seen;
                }
                lost_at = Some(Instant::now());
            } else {
                lost_at.get_or_insert_with(Instant::now);
                sleep(Duration::from_millis(rand::random_range(100..400))).await;
            }
        }
        unreachable!("the attempts have no end")
    }

    async fn join(&mut self, address: SocketAddr) -> Option<Socket> {
        let mut socket = timeout(Duration::from_secs(3), Socket::try_open(&address)).await.ok()??;
        let data = format!(r#"{{"user_id":"{}"}}"#, self.person.id);
        socket.try_subscribe(&format!("private-room.{}", self.room), Some(&data)).await?;
        self.catch_up().await;
        Some(socket)
    }

    /// True when everything is there; false when the socket is gone.
    async fn listen(&mut self, mut socket: Socket, goal: &mut Goal) -> bool {
        let mut fetch_at: Option<tokio::time::Instant> = None;
        loop {
            if (*goal.borrow()).is_some_and(|goal| self.seq >= goal) {
                return true;
            }
            let due = async {
                match fetch_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                frame = socket.receive() => match frame {
                    Some(frame) if self.take(&frame) => fetch_at = None,
                    Some(_) => {
                        fetch_at.get_or_insert_with(|| tokio::time::Instant::now() + HOLD);
                    }
                    None => return false,
                },
                () = due => {
                    self.catch_up().await;
                    fetch_at = None;
                }
                changed = goal.changed() => changed.expect("the test goes on"),
            }
        }
    }

    /// False when something lies between what is there and this.
    fn take(&mut self, frame: &Frame) -> bool {
        let Some(seq) = frame.data["seq"].as_i64() else { return true };
        match seq - self.seq {
            ..=0 => self.seen.repeated += u64::from(frame.event != "room.head"),
            1 if frame.event != "room.head" => {
                self.seq = seq;
                self.seen.live += 1;
            }
            _ => return false,
        }
        true
    }

    async fn catch_up(&mut self) {
        for attempt in 0.. {
            let web = self.webs[attempt % self.webs.len()];
            let url = format!("http://{web}/api/v1/rooms/{}/events?limit=500&after={}", self.room, self.seq);
            let answer = self.person.client.get(url).bearer_auth(&self.person.token).send().await;
            let (status, answer) = match answer {
                Ok(answer) => (answer.status(), answer.json::<Value>().await.unwrap_or_default()),
                Err(_) => (StatusCode::BAD_GATEWAY, Value::Null),
            };
            if status != StatusCode::OK {
                sleep(Duration::from_millis(200)).await;
                continue;
            }
            assert_eq!(answer.get("resync"), None, "the log reaches back to the beginning");
            for event in answer["items"].as_array().expect("a list") {
                assert_eq!(event["seq"], self.seq + 1, "the log has no gap");
                self.seq += 1;
                self.seen.repaired += 1;
            }
            if answer["more"] == false {
                return;
            }
        }
    }
}
