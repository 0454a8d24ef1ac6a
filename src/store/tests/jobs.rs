//! Jobs: taken by one worker at a time, given back, tried again, given up.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::domain::{DeliveryId, Timestamp};
use crate::store::{HostJobs, JobOutcome, LeasedJob, Task};

use super::{TestDatabase, on_both_databases};

const LEASE: Duration = Duration::from_secs(60);

async fn schedule(database: &TestDatabase, count: i64) {
    for number in 1..=count {
        let task = Task::Deliver(DeliveryId(number));
        database.schedule(task, Timestamp(number)).await.expect("scheduled");
    }
}

async fn lease(database: &TestDatabase, worker: &str) -> Vec<LeasedJob> {
    database.lease_jobs(worker, HostJobs::NO_HOST, 10, LEASE).await.expect("leased")
}

pub(super) async fn next_job_at(database: &TestDatabase) -> Option<Timestamp> {
    database.waiting_jobs().await.expect("readable").first().map(|waiting| waiting.next_at)
}

fn deliveries(jobs: &[LeasedJob]) -> Vec<i64> {
    let delivery = |job: &LeasedJob| match job.task {
        Task::Deliver(id) => id.0,
        other => panic!("not a delivery: {other:?}"),
    };
    jobs.iter().map(delivery).collect()
}

on_both_databases! {
    async fn a_job_is_there_once_however_often_it_is_scheduled(database: &TestDatabase) {
        schedule(database, 2).await;
        schedule(database, 2).await;
        assert_eq!(deliveries(&lease(database, "one").await), [1, 2]);
        assert_eq!(lease(database, "two").await, []);
    }

    async fn workers_of_several_processes_never_take_the_same_job(database: &TestDatabase) {
        schedule(database, 100).await;
        let mut workers = JoinSet::new();
        for worker in 0..4 {
            let store = if worker % 2 == 0 { (*database).clone() } else { database.open_again() };
            workers.spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let jobs = store.lease_jobs(&worker.to_string(), HostJobs::NO_HOST, 7, LEASE).await;
                    let jobs = jobs.expect("leased");
                    if jobs.is_empty() {
                        return taken;
                    }
                    taken.extend(deliveries(&jobs));
                }
            });
        }
        let mut taken = workers.join_all().await.concat();
        // Those that a process skipped because another had its hand on them are taken by the other, or by the next.
        let last = database.lease_jobs("last", HostJobs::NO_HOST, 100, LEASE).await.expect("leased");
        taken.extend(deliveries(&last));
        taken.sort_unstable();
        assert_eq!(taken, (1..=100).collect::<Vec<_>>());
    }

    async fn a_job_that_is_not_due_waits(database: &TestDatabase) {
        let later = Timestamp::now().after(LEASE);
        database.schedule(Task::Deliver(DeliveryId(1)), later).await.expect("scheduled");
        assert_eq!(lease(database, "one").await, []);
        assert_eq!(next_job_at(database).await, Some(later));
    }

    async fn when_a_lease_ends_another_worker_has_the_say(database: &TestDatabase) {
        schedule(database, 1).await;
        let dead = database.lease_jobs("dead", HostJobs::NO_HOST, 1, Duration::ZERO).await.expect("leased").remove(0);
        let alive = lease(database, "alive").await.remove(0);
        assert_eq!((dead.attempts, alive.attempts), (1, 2));
        assert_eq!(database.settle_job(dead, JobOutcome::Done, Timestamp::now()).await, Ok(false), "too late");
        assert_eq!(database.settle_job(alive, JobOutcome::Done, Timestamp::now()).await, Ok(true));
        assert_eq!(next_job_at(database).await, None);
    }

    async fn a_failed_job_comes_back_and_one_given_up_does_not(database: &TestDatabase) {
        schedule(database, 1).await;
        let job = lease(database, "one").await.remove(0);
        let error = "no answer".to_owned();
        let failed = JobOutcome::Failed(error.clone());
        assert_eq!(database.settle_job(job, failed, Timestamp::now()).await, Ok(true));
        let job = lease(database, "one").await.remove(0);
        assert_eq!(job.attempts, 2);
        assert_eq!(database.settle_job(job, JobOutcome::Permanent(error), Timestamp::now()).await, Ok(true));
        assert_eq!((lease(database, "one").await, next_job_at(database).await), (vec![], None));
    }

    async fn what_a_worker_gives_back_counts_as_untouched(database: &TestDatabase) {
        schedule(database, 2).await;
        let [first, second] = lease(database, "one").await.try_into().expect("two jobs");
        database.settle_job(first, JobOutcome::Done, Timestamp::now()).await.expect("settled");
        database.release_jobs("one").await.expect("released");
        let again = lease(database, "two").await;
        assert_eq!((deliveries(&again), again[0].attempts), (deliveries(&[second]), 1));
    }

    async fn a_commit_is_announced(database: &TestDatabase) {
        let mut commits = database.watch_commits();
        commits.mark_unchanged();
        database.sign_up("ada").await;
        assert_eq!(commits.has_changed().ok(), Some(true));
    }
}
