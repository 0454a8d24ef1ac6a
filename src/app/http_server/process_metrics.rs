//! The process itself, under the names that Prometheus' own clients use.

use std::fmt;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Read when the metrics are asked for. What the system does not tell is left out.
#[derive(Debug)]
pub(super) struct ProcessMetrics {
    started_at_secs: f64,
}

impl ProcessMetrics {
    /// Of a process that starts at this moment.
    pub(super) fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started_at_secs: since_epoch.as_secs_f64() }
    }
}

impl Collector for ProcessMetrics {
    #[expect(clippy::cast_precision_loss, reason = "bytes and seconds stay far below 2 to the power of 52")]
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = ConstCounter::new(cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9);
        cpu.encode(encoder.encode_descriptor("process_cpu_seconds", "Processor time", None, cpu.metric_type())?)?;
        let (virtual_bytes, resident_bytes) = memory();
        let gauges = [
            ("process_start_time_seconds", "When it started, since 1970", Some(self.started_at_secs)),
            ("process_resident_memory_bytes", "Memory in RAM", resident_bytes),
            ("process_virtual_memory_bytes", "Address space", virtual_bytes),
            ("process_open_fds", "Open file descriptors", open_files()),
            ("process_max_fds", "Its limit of them", getrlimit(Resource::Nofile).current.map(|limit| limit as f64)),
        ];
        for (name, help, value) in gauges {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

/// Virtual and resident memory, in bytes: the first two numbers of `statm`, in pages.
#[expect(clippy::cast_precision_loss, reason = "bytes stay far below 2 to the power of 52")]
fn memory() -> (Option<f64>, Option<f64>) {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = text.split(' ').map(|number| number.parse::<u64>().ok());
    let mut next = || pages.next().flatten().map(|pages| (pages * rustix::param::page_size() as u64) as f64);
    (next(), next())
}

/// The reading has one open itself, for the moment.
#[expect(clippy::cast_precision_loss, reason = "descriptors are few")]
fn open_files() -> Option<f64> {
    fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1) as f64)
}
