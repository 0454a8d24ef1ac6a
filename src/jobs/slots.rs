//! The jobs under way, and which hosts they call.

use std::collections::HashMap;

use tokio::task::{Id, JoinSet};
use tracing::warn;

use crate::config::JobsConfig;
use crate::store::HostJobs;

/// Places for jobs. Those that call the same host get a part of them only: a host that answers late, or never, does not
/// hold up what is meant for others.
pub(super) struct Slots {
    at_once: usize,
    per_host: usize,
    running: JoinSet<()>,
    /// Whom each of them calls.
    hosts: HashMap<Id, String>,
}

impl Slots {
    pub(super) fn new(config: &JobsConfig) -> Self {
        let (at_once, per_host) = (config.jobs_at_once.max(1), config.jobs_per_host.max(1));
        Self { at_once, per_host, running: JoinSet::new(), hosts: HashMap::new() }
    }

    pub(super) fn are_taken(&self) -> bool {
        self.running.len() >= self.at_once
    }

    /// How many more jobs that call `host` may be begun.
    pub(super) fn free_for(&self, host: &str) -> usize {
        let free = self.at_once.saturating_sub(self.running.len());
        if host == HostJobs::NO_HOST {
            return free;
        }
        let calling = self.hosts.values().filter(|other| *other == host).count();
        free.min(self.per_host.saturating_sub(calling))
    }

    pub(super) fn begin(&mut self, host: String, job: impl Future<Output = ()> + Send + 'static) {
        let id = self.running.spawn(job).id();
        self.hosts.insert(id, host);
    }

    /// Completes when a job has ended; `None` when none is under way. Cancel safe.
    pub(super) async fn job_ended(&mut self) -> Option<()> {
        let ended = self.running.join_next_with_id().await?;
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                warn!(%error, "a job panicked; it comes back at the end of its lease");
                error.id()
            }
        };
        self.hosts.remove(&id);
        Some(())
    }

    /// Ends all jobs where they are.
    pub(super) async fn shutdown(&mut self) {
        self.running.shutdown().await;
    }
}
