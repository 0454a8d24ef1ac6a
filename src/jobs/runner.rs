//! The runner: an actor that takes jobs from the store and has each done by a task of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::config::JobsConfig;
use crate::domain::Timestamp;
use crate::store::{DeliveryAttempt, FileStorage, HostJobs, JobOutcome, LeasedJob, Store, StoreError, Task};

use super::backoff::pause;
use super::deliver::deliver;
use super::outgoing::OutgoingClient;
use super::recurring::{purge_expired, remove_old_messages};
use super::slots::Slots;

/// How long the runner relies on being woken: other processes' jobs on the same database wake nobody here.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Commits wake the runner, and a busy instance has hundreds in a second: between two looks it rests so long.
const REST: Duration = Duration::from_millis(20);
/// How long a job is its worker's beyond the longest call: a dead worker's jobs wait for it.
const LEASE_MARGIN: Duration = Duration::from_secs(20);
/// How long jobs under way may take to finish at shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// What is there from the first start on, and comes back for ever.
const RECURRING: [Task; 2] = [Task::RemoveOldMessages, Task::PurgeExpired];

/// Takes jobs and has them done.
pub struct JobRunner {
    work: Arc<Work>,
    /// Names the process in the jobs it holds.
    worker: String,
    lease: Duration,
}

/// What the tasks work with.
struct Work {
    store: Store,
    files: FileStorage,
    client: OutgoingClient,
    config: JobsConfig,
}

/// The runner at work. Dropping it ends it too, without waiting.
pub struct RunningJobs {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl RunningJobs {
    /// Takes no more jobs, lets those under way finish for a moment, gives the others back, and ends.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            warn!(%error, "the job runner panicked");
        }
    }
}

impl JobRunner {
    /// A runner of the jobs in `store`, whose files are `files`.
    #[must_use]
    pub fn new(store: Store, files: FileStorage, client: OutgoingClient, config: &JobsConfig) -> Self {
        Self {
            worker: hex::encode(rand::random::<[u8; 8]>()),
            lease: client.timeout() + LEASE_MARGIN,
            work: Arc::new(Work { store, files, client, config: config.clone() }),
        }
    }

    /// Begins to work.
    #[must_use]
    pub fn start(self) -> RunningJobs {
        let (stop, stopped) = watch::channel(false);
        RunningJobs { stop, task: tokio::spawn(self.run(stopped)) }
    }

    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut commits = self.work.store.watch_commits();
        let mut slots = Slots::new(&self.work.config);
        for task in RECURRING {
            if let Err(error) = self.work.store.schedule(task, Timestamp::now()).await {
                warn!(%error, ?task, "it could not be scheduled");
            }
        }
        loop {
            let looked_at = Instant::now();
            // What was leased and not begun is given back below.
            let taken = tokio::select! {
                biased;
                () = stop(&mut stopped) => break,
                taken = self.take_due(&mut slots) => taken,
            };
            let next_look = match taken {
                Ok(next_look) => next_look,
                Err(error) => {
                    warn!(%error, "jobs cannot be taken");
                    looked_at + LOOK_EVERY
                }
            };
            let has_room = !slots.are_taken();
            tokio::select! {
                () = stop(&mut stopped) => break,
                Some(()) = slots.job_ended() => {}
                () = sleep_until(next_look), if has_room => {}
                Ok(()) = commits.changed(), if has_room => sleep_until(looked_at + REST).await,
            }
        }
        let finish = async { while slots.job_ended().await.is_some() {} };
        if timeout(GRACE, finish).await.is_err() {
            slots.shutdown().await;
        }
        if let Err(error) = self.work.store.release_jobs(&self.worker).await {
            warn!(%error, "jobs could not be given back; they wait for the end of their lease");
        }
    }

    /// Starts what is due, as far as there is room. Answers when to look again.
    async fn take_due(&self, slots: &mut Slots) -> Result<Instant, StoreError> {
        let Work { store, .. } = self.work.as_ref();
        loop {
            let now = Timestamp::now();
            let (mut has_begun, mut next_look) = (false, LOOK_EVERY);
            for HostJobs { host, next_at } in store.waiting_jobs().await? {
                let room = slots.free_for(&host);
                if room == 0 {
                    // Its turn comes when a job ends.
                    continue;
                }
                if next_at > now {
                    next_look = next_look.min(next_at.since(now));
                    continue;
                }
                for job in store.lease_jobs(&self.worker, &host, i64::try_from(room).unwrap_or(1), self.lease).await? {
                    slots.begin(host.clone(), run_job(Arc::clone(&self.work), job));
                    has_begun = true;
                }
            }
            // What was due at a host may hide what is due there soon. When nothing could be begun, another process was
            // faster.
            if !has_begun {
                return Ok(Instant::now() + next_look);
            }
        }
    }
}

/// Completes when the runner is to end, or nobody holds it any more. Cancel safe.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    // Told or dropped, both mean the end.
    let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
}

/// Does a job and stores what became of it. When that cannot be stored, the job comes back at the end of its lease.
async fn run_job(work: Arc<Work>, job: LeasedJob) {
    let Work { store, config, .. } = work.as_ref();
    let (outcome, attempt) = match attempt(&work, &job).await {
        Ok((JobOutcome::Failed(error), attempt)) if is_last_attempt(config, &job) => {
            (JobOutcome::Permanent(error), attempt)
        }
        Ok(done) => done,
        Err(error) if is_last_attempt(config, &job) => (JobOutcome::Permanent(error.to_string()), None),
        Err(error) => (JobOutcome::Failed(error.to_string()), None),
    };
    match &outcome {
        JobOutcome::Done | JobOutcome::Again(_) => {}
        JobOutcome::Failed(error) => debug!(job_id = %job.id, attempts = job.attempts, error, "a job failed"),
        JobOutcome::Permanent(error) => info!(job_id = %job.id, attempts = job.attempts, error, "a job was given up"),
    }
    let pause = pause(Duration::from_millis(config.job_first_pause_millis), job.attempts, rand::random());
    let retry_at = Timestamp::now().after(pause);
    let settled = match job.task {
        Task::Deliver(delivery) => store.settle_delivery(delivery, job, outcome, retry_at, attempt).await,
        Task::RemoveOldMessages | Task::PurgeExpired => store.settle_job(job, outcome, retry_at).await,
    };
    if let Err(error) = settled {
        warn!(%error, "what became of a job could not be stored");
    }
}

fn is_last_attempt(config: &JobsConfig, job: &LeasedJob) -> bool {
    job.attempts >= i64::from(config.job_attempts) && !RECURRING.contains(&job.task)
}

async fn attempt(work: &Work, job: &LeasedJob) -> Result<(JobOutcome, Option<DeliveryAttempt>), StoreError> {
    let Work { store, files, client, config } = work;
    match job.task {
        // One attempt more than allowed: the last did not come to its end, like those before, and may have taken the
        // process with it.
        Task::Deliver(_) if job.attempts > i64::from(config.job_attempts) => {
            Ok((JobOutcome::Permanent("no attempt came to its end".to_owned()), None))
        }
        Task::Deliver(delivery) => deliver(store, client, delivery).await,
        Task::RemoveOldMessages => Ok((remove_old_messages(store, files, config).await?, None)),
        Task::PurgeExpired => Ok((purge_expired(store, files, config).await?, None)),
    }
}
