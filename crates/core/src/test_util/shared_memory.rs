//! The host's shared data in memory.

use rustc_hash::FxHashMap;

use crate::delivery::dedupe::{Cas, Heartbeat, Owner, Shared};
use crate::observe::peers::{Board, Version};

/// Shared data as Envoy has it: a value, and a number that each write changes.
#[derive(Debug, Default)]
pub struct SharedMemory {
    buckets: FxHashMap<u32, (Vec<u8>, u32)>,
    /// The content of a bucket that has never been written.
    unwritten: Vec<u8>,
    heartbeats: FxHashMap<u32, Vec<u8>>,
    values: FxHashMap<String, (Vec<u8>, Version)>,
    reads: u32,
    writes: u32,
    /// Every second write finds that another worker was first.
    is_contended: bool,
    is_late: bool,
}

impl SharedMemory {
    /// Shared data in which each bucket holds these bytes.
    #[must_use]
    pub fn filled_with(bucket: Vec<u8>) -> Self {
        Self {
            unwritten: bucket,
            ..Self::default()
        }
    }

    /// Shared data where another worker is always first, and writes what was there.
    #[must_use]
    pub fn contended() -> Self {
        Self {
            is_contended: true,
            ..Self::default()
        }
    }
}

impl SharedMemory {
    /// How often buckets have been read, and how often written.
    #[must_use]
    pub fn accesses(&self) -> (u32, u32) {
        (self.reads, self.writes)
    }
}

impl Shared for SharedMemory {
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Cas) {
        self.reads += 1;
        self.buckets
            .get(&bucket)
            .map_or((self.unwritten.clone(), Cas(None)), |(value, cas)| {
                (value.clone(), Cas(Some(*cas)))
            })
    }

    fn store(&mut self, bucket: u32, value: &[u8], cas: Cas) -> bool {
        self.is_late = self.is_contended && !self.is_late;
        if self.is_late {
            return false;
        }
        let is_unchanged = self.buckets.get(&bucket).map(|(_, cas)| *cas) == cas.0;
        if is_unchanged {
            self.writes += 1;
            let (old, cas) = self.buckets.entry(bucket).or_default();
            old.clear();
            old.extend_from_slice(value);
            *cas = self.writes;
        }
        is_unchanged
    }

    fn heartbeat_of(&mut self, owner: Owner) -> Option<Heartbeat> {
        Heartbeat::of(self.heartbeats.get(&owner.place())?, owner)
    }

    fn beat(&mut self, owner: Owner, heartbeat: Heartbeat) {
        self.heartbeats
            .insert(owner.place(), heartbeat.to_bytes(owner));
    }
}

impl Board for SharedMemory {
    fn read(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        let found = self.values.get(key).cloned();
        found.filter(|(value, _)| !value.is_empty())
    }

    fn write(&mut self, key: &str, value: &[u8], replaced: Option<Version>) -> bool {
        let is_expected = self.values.get(key).map(|(_, version)| *version) == replaced;
        if is_expected {
            self.writes += 1;
            let new = (value.into(), Version(self.writes));
            self.values.insert(key.to_owned(), new);
        }
        is_expected
    }
}
