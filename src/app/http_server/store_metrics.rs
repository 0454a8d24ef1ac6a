//! The store and the disks, measured when the metrics are asked for.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use rustix::fs::statvfs;
use tokio::time::timeout;

use crate::config::ServeConfig;
use crate::store::{Store, StoreFigures};

/// How long the database may take to be measured. A scrape waits for ten seconds, usually.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where it is measured.
pub(super) struct StoreSource {
    pub(super) store: Store,
    /// What it holds, and the directory.
    disks: Vec<(&'static str, PathBuf)>,
}

impl StoreSource {
    pub(super) fn new(store: Store, config: &ServeConfig) -> Self {
        let mut disks = vec![("data", config.data_dir.clone())];
        disks.extend(config.files_dir.clone().map(|directory| ("files", directory)));
        Self { store, disks }
    }

    /// Measures; does not fail: what could not be measured is missing among the metrics.
    pub(super) async fn measure(&self) -> StoreGauges {
        let figures = timeout(TIMEOUT, self.store.figures()).await.ok().and_then(Result::ok);
        let disk = |(name, path): &(&'static str, PathBuf)| {
            let disk = statvfs(path).ok()?;
            Some((*name, disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize))
        };
        StoreGauges { figures, waiting: self.store.waiting(), disks: self.disks.iter().filter_map(disk).collect() }
    }
}

/// What was measured.
#[derive(Debug)]
pub(super) struct StoreGauges {
    /// `None` when the database did not answer.
    figures: Option<StoreFigures>,
    /// Changes and reads.
    waiting: (usize, usize),
    /// What it holds, and its free bytes and all of them.
    disks: Vec<(&'static str, u64, u64)>,
}

impl Collector for StoreGauges {
    #[expect(clippy::cast_precision_loss, reason = "bytes and counts stay far below 2 to the power of 52")]
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (writes, reads) = self.waiting;
        let is_up = f64::from(u8::from(self.figures.is_some()));
        let mut gauges = vec![
            ("database_up", "Whether the database answered when it was measured: 1 or 0", is_up),
            ("store_writes_waiting", "Changes that wait to be stored", writes as f64),
            ("store_reads_waiting", "Reads that wait for a connection", reads as f64),
        ];
        if let Some(figures) = &self.figures {
            let oldest = figures.oldest_job.as_secs_f64();
            gauges.extend([
                ("database_bytes", "The database's size", figures.database_bytes as f64),
                ("database_wal_bytes", "The size of SQLite's write-ahead log", figures.wal_bytes as f64),
                ("jobs_due", "Jobs that should be running", figures.jobs_due as f64),
                ("jobs_dead", "Jobs that were given up", figures.jobs_dead as f64),
                ("jobs_oldest_due_seconds", "For how long the oldest job has been due", oldest),
            ]);
        }
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        self.encode_disks(&mut encoder, "disk_free_bytes", "Free bytes, by what the disk holds", |disk| disk.1)?;
        self.encode_disks(&mut encoder, "disk_bytes", "All bytes, by what the disk holds", |disk| disk.2)
    }
}

impl StoreGauges {
    #[expect(clippy::cast_precision_loss, reason = "bytes stay far below 2 to the power of 52")]
    fn encode_disks(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        value: impl Fn(&(&'static str, u64, u64)) -> u64,
    ) -> fmt::Result {
        let metric_type = ConstGauge::new(0.0).metric_type();
        let mut metric = encoder.encode_descriptor(name, help, None, metric_type)?;
        for disk in &self.disks {
            ConstGauge::new(value(disk) as f64).encode(metric.encode_family(&[("holds", disk.0)])?)?;
        }
        Ok(())
    }
}
