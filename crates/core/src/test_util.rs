//! The host's shared data in memory, for tests, benchmarks and fuzz targets of the workspace.

use rustc_hash::FxHashMap;

use crate::clock::SteadyMillis;
use crate::delivery::dedupe::{Cas, Owner, Shared};

/// Shared data as Envoy has it: a value, and a number that each write changes.
#[derive(Debug, Default)]
pub struct SharedMemory {
    buckets: FxHashMap<u32, (Vec<u8>, u32)>,
    /// What a bucket holds that has never been written.
    unwritten: Vec<u8>,
    heartbeats: FxHashMap<u32, SteadyMillis>,
    writes: u32,
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
}

impl Shared for SharedMemory {
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Cas) {
        self.buckets
            .get(&bucket)
            .map_or((self.unwritten.clone(), Cas(None)), |(value, cas)| {
                (value.clone(), Cas(Some(*cas)))
            })
    }

    fn store(&mut self, bucket: u32, value: &[u8], cas: Cas) -> bool {
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

    fn heartbeat_of(&mut self, owner: Owner) -> Option<SteadyMillis> {
        self.heartbeats.get(&owner.0).copied()
    }

    fn beat(&mut self, owner: Owner, now: SteadyMillis) {
        self.heartbeats.insert(owner.0, now);
    }
}
