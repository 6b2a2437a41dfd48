//! What Linux knows of a process: CPU time, memory, and which core it may use.

use anyhow::{Context, Result};
use rustix::thread::{sched_setaffinity, CpuSet, Pid};
use std::fs;
use std::time::Duration;

/// The CPU time of all threads of these processes; threads that ended are not in it, and Envoy's do not end.
pub(crate) fn cpu_time(pids: &[u32]) -> Result<Duration> {
    let mut nanoseconds = 0;
    for pid in pids {
        for thread in threads(*pid)? {
            let file = format!("/proc/{pid}/task/{thread}/schedstat");
            // A thread may end between the listing and this.
            let Ok(line) = fs::read_to_string(&file) else {
                continue;
            };
            let on_cpu = line.split_ascii_whitespace().next().context(file)?;
            nanoseconds += on_cpu.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Resident memory of these processes, in bytes.
pub(crate) fn resident(pids: &[u32]) -> Result<u64> {
    let mut kibibytes = 0;
    for pid in pids {
        let file = format!("/proc/{pid}/status");
        let status = fs::read_to_string(&file).with_context(|| file.clone())?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let amount = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kibibytes += amount.context(file)?.parse::<u64>()?;
    }
    Ok(kibibytes << 10)
}

/// Lets every thread of a process, and those that they start, run on one core only.
pub(crate) fn pin(pid: u32, core: usize) -> Result<()> {
    for thread in threads(pid)? {
        let thread = i32::try_from(thread).ok().and_then(Pid::from_raw);
        sched_setaffinity(thread, &only(core)).context("sched_setaffinity")?;
    }
    Ok(())
}

/// Lets this thread run on one core only.
pub(crate) fn pin_self(core: usize) -> Result<()> {
    sched_setaffinity(None, &only(core)).context("sched_setaffinity")
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

fn threads(pid: u32) -> Result<Vec<u32>> {
    let folder = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&folder).with_context(|| folder.clone())?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_this_process_uses() {
        let pids = [std::process::id()];
        let before = cpu_time(&pids).unwrap();
        let mut sum = 0_u64;
        for number in 0..3_000_000_u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
        assert!(cpu_time(&pids).unwrap() > before);
        assert!(resident(&pids).unwrap() > 1 << 20);
    }
}
