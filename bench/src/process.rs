//! What the system says of a process and of those it has started, and what it allows this one.

use std::fs;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// CPU time of all threads of a process and of its children so far, in microseconds.
pub(crate) fn cpu_us(pid: u32) -> Result<u64> {
    let mut nanoseconds = 0;
    for pid in family(pid)? {
        for task in fs::read_dir(format!("/proc/{pid}/task")).context("the process is gone")? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += schedstat.split(' ').next().and_then(|on_cpu| on_cpu.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    Ok(nanoseconds / 1_000)
}

/// Memory that a process and its children hold, in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for pid in family(pid)? {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
        sum += kib.context("VmRSS is no number")?;
    }
    Ok(sum)
}

/// A process, its children, their children and so on.
fn family(pid: u32) -> Result<Vec<u32>> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&pid) = family.get(next) {
        for task in fs::read_dir(format!("/proc/{pid}/task")).context("the process is gone")? {
            let children = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        next += 1;
    }
    Ok(family)
}

/// The load of the machine over the last minute: how many threads wanted a core.
pub(crate) fn load() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().and_then(|minute| minute.parse().ok()).unwrap_or(f64::NAN)
}

/// Raises the limit of open files so that this process, and likewise a server that it starts, can hold `count` sockets.
pub(crate) fn allow_sockets(count: usize) -> Result<()> {
    // A server has files besides: logs, databases, its event loop's.
    let needed = count as u64 + 256;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let maximum = limit.maximum.unwrap_or(u64::MAX);
        ensure!(
            needed <= maximum,
            "{count} sockets need {needed} open files, and the system allows {maximum} (ulimit -Hn)"
        );
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    }
    Ok(())
}
