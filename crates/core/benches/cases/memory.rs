//! The host's shared data, in memory.

use std::time::Duration;

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::delivery::table::{EventId, Mark, Owner, Shared, State, Table};

/// Shared data of a process that has been busy for a while: every bucket is full of events that a webhook has.
#[derive(Default)]
pub struct Memory {
    buckets: Vec<(Vec<u8>, u32)>,
    full: Vec<u8>,
    pulse: Option<SteadyMillis>,
}

impl Memory {
    /// For a table with this many slots.
    pub fn full(slots: u32) -> Self {
        let mut memory = Self {
            buckets: vec![(Vec::new(), 0); slots.div_ceil(8) as usize],
            ..Self::default()
        };
        let bucket = Table::new(Owner(u32::MAX), 8, Duration::from_secs(900));
        for id in 0..8 {
            bucket.settle(EventId(u128::MAX - id), State::Accepted, 0, &mut memory);
        }
        let (full, _) = memory.load(0);
        memory.buckets[0] = (Vec::new(), 0);
        memory.full = full;
        memory
    }
}

impl Shared for Memory {
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Mark) {
        let (value, mark) = &self.buckets[bucket as usize];
        let value = if *mark == 0 { &self.full } else { value };
        (value.clone(), Mark(Some(*mark)))
    }

    fn store(&mut self, bucket: u32, value: &[u8], mark: Mark) -> bool {
        let (old, current) = &mut self.buckets[bucket as usize];
        let is_unchanged = mark.0 == Some(*current);
        if is_unchanged {
            *current += 1;
            old.clear();
            old.extend_from_slice(value);
        }
        is_unchanged
    }

    fn pulse_of(&mut self, _: Owner) -> Option<SteadyMillis> {
        self.pulse
    }

    fn pulse(&mut self, _: Owner, now: SteadyMillis) {
        self.pulse = Some(now);
    }
}
