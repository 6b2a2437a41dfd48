//! The memory of an Envoy's VMs, apart from Envoy's own.

use std::fs;

/// V8 reserves this and more for each memory, so that nothing in it needs a check, and opens the
/// beginning of it as the module asks for more.
const RESERVED: u64 = 4 << 30;

/// Resident bytes of the memories of all modules in a process. A memory never shrinks.
pub(crate) fn resident(pid: u32) -> u64 {
    let map = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap_or_default();
    let mappings: Vec<_> = map.lines().filter_map(Line::read).collect();
    let mut total = 0;
    let mut before = None;
    for line in mappings {
        match line {
            Line::Mapping(mapping) => {
                if let Some(open) = before.replace(mapping) {
                    total += memory(&open, before.as_ref());
                }
            }
            Line::Resident(bytes) => {
                if let Some(mapping) = &mut before {
                    mapping.resident = bytes;
                }
            }
        }
    }
    total
}

/// Of this mapping, if a reserved one comes right behind it.
fn memory(open: &Mapping, next: Option<&Mapping>) -> u64 {
    let is_open = open.is_writable;
    let is_memory = next.is_some_and(|next| {
        next.start == open.end && next.is_reserved && next.end - next.start >= RESERVED
    });
    if is_open && is_memory {
        open.resident
    } else {
        0
    }
}

struct Mapping {
    start: u64,
    end: u64,
    is_writable: bool,
    is_reserved: bool,
    resident: u64,
}

enum Line {
    Mapping(Mapping),
    Resident(u64),
}

impl Line {
    fn read(line: &str) -> Option<Self> {
        if let Some(rest) = line.strip_prefix("Rss:") {
            let kibibytes: u64 = rest.trim().strip_suffix(" kB")?.parse().ok()?;
            return Some(Self::Resident(kibibytes << 10));
        }
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
        Some(Self::Mapping(Mapping {
            start: hexadecimal(start)?,
            end: hexadecimal(end)?,
            is_writable: rest.starts_with("rw"),
            is_reserved: rest.starts_with("---p"),
            resident: 0,
        }))
    }
}
