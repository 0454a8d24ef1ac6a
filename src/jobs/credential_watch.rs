//! The watch over credentials: it ends the sessions whose time is over, and has the sockets of ended sessions and API tokens
//! closed.
//!
//! Whoever ends a session says so on the bus at once. The watch finds what was not said: the end by a command at a terminal
//! or by another process that died, and a message that was lost. So it looks into the database twice a second, and says for
//! some minutes, once a second, what has ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::warn;

use crate::bus::Bus;
use crate::domain::{EndedCredential, Timestamp};
use crate::store::{Store, StoreError};

/// How soon what another process has ended is found.
const PERIOD: Duration = Duration::from_millis(500);
/// How often all nodes are told again.
const REMIND_EVERY: Duration = Duration::from_secs(1);
/// How long at least: a node that was cut off for longer has closed its sockets.
const REMIND_FOR: Duration = Duration::from_secs(120);
/// Sessions that one change ends.
const PORTION: i64 = 500;

/// Told of credentials that have ended in any process.
pub type EndListener = Arc<dyn Fn(&[EndedCredential]) + Send + Sync>;

/// The watch.
pub struct CredentialWatch {
    store: Store,
    bus: Bus,
    /// Forgets who is behind a credential.
    on_end: EndListener,
    remind_for: Duration,
    /// What was said before.
    known: HashSet<EndedCredential>,
    next_reminder: Instant,
    is_failing: bool,
}

/// The watch at work. Dropping it ends it too, without waiting.
pub struct RunningCredentialWatch {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningCredentialWatch {
    /// Ends it.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            warn!(%error, "the watch over credentials panicked");
        }
    }
}

impl CredentialWatch {
    /// A watch over the credentials in `store` that tells `bus` and `on_end`. An authorisation for a channel may be used for
    /// `authorization` after it was issued.
    #[must_use]
    pub fn new(store: Store, bus: Bus, on_end: EndListener, authorization: Duration) -> Self {
        let remind_for = REMIND_FOR.max(authorization * 2);
        Self { store, bus, on_end, remind_for, known: HashSet::new(), next_reminder: Instant::now(), is_failing: false }
    }

    /// Begins.
    #[must_use]
    pub fn start(self) -> RunningCredentialWatch {
        let (stop, stopped) = watch::channel(());
        RunningCredentialWatch { stop, task: tokio::spawn(self.run(stopped)) }
    }

    async fn run(mut self, mut stopped: watch::Receiver<()>) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let looked = tokio::select! {
                // The other end is dropped, and nothing is ever sent.
                _ = stopped.changed() => return,
                _ = ticks.tick() => self.look().await,
            };
            // Said once for an outage.
            match looked {
                Err(error) if !std::mem::replace(&mut self.is_failing, true) => {
                    warn!(%error, "ended sessions cannot be looked up, so their sockets may stay open");
                }
                Err(_) => {}
                Ok(()) => self.is_failing = false,
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let expiring = self.store.end_expired_sessions(PORTION).await;
        let ended = self.store.credentials_ended_since(Timestamp::now().before(self.remind_for)).await?;
        let new: Vec<_> = ended.iter().copied().filter(|ended| !self.known.contains(ended)).collect();
        if !new.is_empty() {
            (self.on_end)(&new);
            self.bus.end_credentials(&new, false);
        }
        self.known = ended.iter().copied().collect();
        if self.next_reminder <= Instant::now() {
            self.next_reminder = Instant::now() + REMIND_EVERY;
            self.bus.end_credentials(&ended, true);
        }
        expiring
    }
}
