//! What the store counts while it works, for `GET /metrics`.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::store::StoreError;

/// From a commit to a fast disk to one that hangs.
const COMMIT_SECONDS: [f64; 10] = [0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];
/// Up to the default of `HUBBUB_WRITE_BATCH`.
const BATCH_CHANGES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Counters since the start. Cheap to clone; the clones count together.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    batch_changes: Histogram,
    commit_seconds: Histogram,
    reads: Counter,
    read_errors: Counter,
    write_errors: Counter,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            batch_changes: Histogram::new(BATCH_CHANGES),
            commit_seconds: Histogram::new(COMMIT_SECONDS),
            reads: Counter::default(),
            read_errors: Counter::default(),
            write_errors: Counter::default(),
        }
    }
}

impl StoreMetrics {
    /// Makes the counters appear in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let (batches, commits) = (self.batch_changes.clone(), self.commit_seconds.clone());
        registry.register("store_batch_changes", "Changes that were committed together", batches);
        registry.register("store_commit_seconds", "How long commits took", commits);
        let counters = [
            ("store_reads", "Reads, failed ones included", &self.reads),
            ("store_read_errors", "Reads that the database did not answer", &self.read_errors),
            ("store_write_errors", "Changes that were not stored; refusals are not among them", &self.write_errors),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
    }

    pub(in crate::store) fn committed(&self, changes: usize, took: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        self.batch_changes.observe(changes as f64);
        self.commit_seconds.observe(took.as_secs_f64());
    }

    pub(in crate::store) fn not_stored(&self, changes: u64) {
        self.write_errors.inc_by(changes);
    }

    pub(in crate::store) fn read<T>(&self, outcome: &Result<T, StoreError>) {
        self.reads.inc();
        if outcome.as_ref().is_err_and(|error| !matches!(error, StoreError::Refused(_))) {
            self.read_errors.inc();
        }
    }
}
