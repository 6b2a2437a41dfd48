//! A process as Linux knows it: CPU time, memory, and which core it may use.

use anyhow::{Context, Result};
use rustix::process::{getrlimit, setrlimit, Resource};
use rustix::thread::{sched_setaffinity, CpuSet, Pid};
use std::fs;
use std::time::Duration;

/// The CPU time of all threads of these processes; threads that ended are not in it, and Envoy's do
/// not end.
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

/// The linear memories of all WebAssembly VMs of these processes, in bytes. V8 reserves 8 GiB of
/// addresses for each and opens them from the front, so each is the mapping that can be written
/// before a reservation of almost that size.
pub(crate) fn wasm_memory(pids: &[u32]) -> Result<u64> {
    let mut bytes = 0;
    for pid in pids {
        let file = format!("/proc/{pid}/maps");
        bytes += linear_memories(&fs::read_to_string(&file).context(file)?);
    }
    Ok(bytes)
}

fn linear_memories(maps: &str) -> u64 {
    const RESERVED: std::ops::Range<u64> = (7 << 30)..(9 << 30);
    let mut bytes = 0;
    let mut before = None;
    for mapping in maps.lines().filter_map(mapping) {
        let (start, end, access) = mapping;
        if let Some((opened, until, "rw-p")) = before {
            if until == start && access == "---p" && RESERVED.contains(&(end - start)) {
                bytes += until - opened;
            }
        }
        before = Some(mapping);
    }
    bytes
}

fn mapping(line: &str) -> Option<(u64, u64, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |text| u64::from_str_radix(text, 16).ok();
    Some((address(start)?, address(end)?, words.next()?))
}

/// Lets every thread of a process, and those that they start, run on one core only.
pub(crate) fn pin(pid: u32, core: usize) -> Result<()> {
    for thread in threads(pid)? {
        let thread = i32::try_from(thread).ok().and_then(Pid::from_raw);
        sched_setaffinity(thread, &only(core)).context("sched_setaffinity")?;
    }
    Ok(())
}

/// Allows as many open files as the system lets this process have: a thousand connections need them
/// at both ends.
pub(crate) fn raise_open_files() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("setrlimit")
}

/// The CPU time that the machine has spent on anything, to 10 ms. Interrupts are part of it as they
/// are of [`own_cpu_time`]: the kernel handles packets on loopback in the time of whoever sends
/// them.
pub(crate) fn machine_cpu_time() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    // user, nice, system, idle, iowait, irq, softirq, proc_stat(5).
    let fields = stat.split_ascii_whitespace().skip(1).take(7).enumerate();
    ticks(
        fields
            .filter(|(field, _)| !(3..=4).contains(field))
            .map(|(_, value)| value),
    )
}

/// The CPU time of this process and of all children that have ended and were waited for, to 10 ms.
pub(crate) fn own_cpu_time() -> Result<Duration> {
    // utime, stime, cutime, cstime, proc_pid_stat(5).
    stat_of_self(11..15)
}

/// The CPU time of all children that have ended and were waited for, to 10 ms.
pub(crate) fn children_cpu_time() -> Result<Duration> {
    // cutime, cstime.
    stat_of_self(13..15)
}

/// The sum of these fields of this process's stat; 0 is the first after the name.
fn stat_of_self(fields: std::ops::Range<usize>) -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').context("/proc/self/stat")?;
    let values = after_name.split_ascii_whitespace();
    ticks(values.skip(fields.start).take(fields.len()))
}

fn ticks<'a>(values: impl Iterator<Item = &'a str>) -> Result<Duration> {
    let ticks = values.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    // USER_HZ is 100 on every architecture that Envoy runs on.
    Ok(Duration::from_millis(ticks * 10))
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
    fn finds_the_linear_memories_among_the_mappings() {
        let maps = "\
7faff2060000-7faff2190000 rw-p 00000000 00:00 0
7faff2190000-7fb1f2060000 ---p 00000000 00:00 0
7fb1f2060000-7fb1f208c000 rw-p 00000000 00:00 0
7fb1f208c000-7fb202080000 ---p 00000000 00:00 0
7fb224080000-7fb2241a0000 rw-p 00000000 00:00 0
7fb2241a0000-7fb424070000 ---p 00000000 00:00 0
559fe22ef000-559fe436c000 r--p 00000000 fe:00 10010640 /usr/bin/envoy
";
        assert_eq!(linear_memories(maps), 0x13_0000 + 0x12_0000);
    }

    #[test]
    fn knows_what_this_process_uses() {
        let pids = [std::process::id()];
        let before = cpu_time(&pids).unwrap();
        let mut sum = 0_u64;
        for number in 0..3_000_000_u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
        assert!(cpu_time(&pids).unwrap() > before);
        assert!(machine_cpu_time().unwrap() >= own_cpu_time().unwrap());
        assert!(resident(&pids).unwrap() > 1 << 20);
    }
}
