//! What the system says of a process and of those it has started, and what it allows this one.

use std::fs;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, getrlimit, setrlimit};

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

/// Files that a server has besides its sockets: logs, databases, its event loop's; with some to spare.
const OTHER_FILES: usize = 300;

/// Raises the limit of open files as far as the system lets this process, and likewise a server that it starts. Answers
/// for how many sockets that is enough.
pub(crate) fn raise_socket_limit() -> Result<usize> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let files = limit.current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
    Ok(files.saturating_sub(OTHER_FILES))
}

/// Makes sure that there can be `count` sockets.
pub(crate) fn allow_sockets(count: usize) -> Result<()> {
    let room = raise_socket_limit()?;
    ensure!(count <= room, "{count} sockets are too many: the system allows {room} (ulimit -Hn, less {OTHER_FILES})");
    Ok(())
}
