//! The gap reminder: sends the sockets of a room the number of its last event, about 1 s, 5 s and 30 s after that event.
//!
//! A later event shows a client that it has missed one. The reminder shows it when no later event comes: the process died
//! between commit and dispatch, the bus dropped the event, or it was the last of many. One of several processes does this,
//! by a lease in the database.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::bus::{Bus, HeadsRequest, RoomHead};
use crate::domain::{RoomId, Seq, Timestamp};
use crate::store::{Store, StoreError};

/// How long after a room's last event its sockets are reminded.
const AGES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];
const PERIOD: Duration = Duration::from_millis(500);
/// How long another process waits for one that has died.
const LEASE: Duration = Duration::from_millis(1_000);
const LEASE_NAME: &str = "gap_reminder";

/// Reminds sockets of the last event of their rooms.
pub struct GapReminder {
    store: Store,
    bus: Bus,
    /// What others ask for; `None` when nobody can.
    wanted: Option<mpsc::Receiver<HeadsRequest>>,
    /// Names the process in the lease.
    holder: String,
    /// Until when rooms were reminded; `None` while another process does it.
    reminded_until: Option<Timestamp>,
    is_failing: bool,
}

/// The running reminder. Dropping it ends the reminder without waiting for it.
pub struct RunningGapReminder {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningGapReminder {
    /// Ends the reminder and waits for it.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            warn!(%error, "the gap reminder panicked");
        }
    }
}

impl GapReminder {
    /// A reminder for the rooms in `store`, through `bus`. Other nodes ask for the last numbers through `wanted`.
    #[must_use]
    pub fn new(store: Store, bus: Bus, wanted: Option<mpsc::Receiver<HeadsRequest>>) -> Self {
        let holder = hex::encode(rand::random::<[u8; 8]>());
        Self { store, bus, wanted, holder, reminded_until: None, is_failing: false }
    }

    /// Starts the reminder in a task of its own.
    #[must_use]
    pub fn start(self) -> RunningGapReminder {
        let (stop, stopped) = watch::channel(());
        RunningGapReminder { stop, task: tokio::spawn(self.run(stopped)) }
    }

    async fn run(mut self, mut stopped: watch::Receiver<()>) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                // The other end is dropped, and nothing is ever sent.
                _ = stopped.changed() => return,
                _ = ticks.tick() => self.remind_due().await,
                Some(wanted) = next(&mut self.wanted) => self.respond(wanted).await,
            };
            // Said once for an outage.
            match done {
                Err(error) if !std::mem::replace(&mut self.is_failing, true) => {
                    warn!(%error, "sockets cannot be reminded of what they may have missed");
                }
                Err(_) => {}
                Ok(()) => self.is_failing = false,
            }
        }
    }

    async fn remind_due(&mut self) -> Result<(), StoreError> {
        if !self.store.lease(LEASE_NAME, &self.holder, LEASE).await? {
            self.reminded_until = None;
            return Ok(());
        }
        let now = Timestamp::now();
        match self.reminded_until {
            Some(until) => {
                for age in AGES {
                    self.remind_between(until.before(age), now.before(age)).await?;
                }
            }
            // The process that reminded before may have died at any time.
            None => self.remind_between(now.before(AGES[2] + PERIOD), now.before(AGES[0])).await?,
        }
        self.reminded_until = Some(now);
        Ok(())
    }

    async fn remind_between(&self, from: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        self.remind(self.store.log_heads_between(from, until).await?);
        for removal in self.store.ended_memberships_between(from, until).await? {
            self.bus.remind_of_removal(removal.user_id, removal.room_id, removal.removed_at);
            removal.document_ids.iter().for_each(|document| self.bus.revoke_document(*document, removal.user_id));
        }
        Ok(())
    }

    async fn respond(&self, wanted: HeadsRequest) -> Result<(), StoreError> {
        match wanted {
            HeadsRequest::Rooms(rooms) => self.remind(self.store.log_heads_of_rooms(rooms).await?),
            HeadsRequest::Since(time) => {
                let now = Timestamp::now();
                self.remind_between(now.before(time), now).await?;
            }
        }
        Ok(())
    }

    fn remind(&self, heads: Vec<(RoomId, Seq)>) {
        for (room_id, seq) in heads {
            self.bus.remind(RoomHead { room_id, seq });
        }
    }
}

/// The next request; never when nobody can ask. Cancel safe.
async fn next(wanted: &mut Option<mpsc::Receiver<HeadsRequest>>) -> Option<HeadsRequest> {
    match wanted {
        Some(wanted) => wanted.recv().await,
        None => std::future::pending().await,
    }
}
