//! The workers of a process share their newest values here, in shared data.
//!
//! Each worker writes to a slot of its own, so that none waits for another. Slots are numbered from
//! zero without a gap, and a slot whose worker has gone is used again: there are never more than
//! there were workers at one time, however often VMs die and configurations change.

use crate::clock::SteadyMillis;
use crate::delivery::dedupe::Owner;

/// Slots at most. A worker that finds none shares nothing.
const MAX_SLOTS: u32 = 512;
/// The content of a slot that nobody has.
const FREE: &[u8] = b"-";
/// The owner and the time that stand before a value.
const HEAD_BYTES: usize = 4 + 8;

/// The number by which the host tells one version of a value from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// The host's shared data, as values under keys.
pub trait Board {
    /// The value under `key`; `None` when there has never been one.
    fn read(&mut self, key: &str) -> Option<(Vec<u8>, Version)>;
    /// Writes a value if the one that is there has this version, or, with `None`, if there is none;
    /// says whether it did. An empty value cannot be told from none.
    fn write(&mut self, key: &str, value: &[u8], replaced: Option<Version>) -> bool;
}

/// One worker's view of all workers that share values of one topic.
#[derive(Debug)]
pub struct Peers {
    topic: String,
    owner: Owner,
    live_for: SteadyMillis,
    slot: Option<u32>,
}

impl Peers {
    /// Nothing is shared yet. `topic` begins the keys: workers with another topic have slots of
    /// their own. A worker that has not shared anything for `live_for` milliseconds is taken for
    /// dead.
    #[must_use]
    pub fn new(topic: impl Into<String>, owner: Owner, live_for: SteadyMillis) -> Self {
        Self {
            topic: topic.into(),
            owner,
            live_for,
            slot: None,
        }
    }

    /// Shares a value in the place of this worker's last one.
    pub fn share(&mut self, value: &[u8], now: SteadyMillis, board: &mut dyn Board) {
        let Owner(owner) = self.owner;
        let mut entry = Vec::with_capacity(HEAD_BYTES + value.len());
        entry.extend(owner.to_le_bytes());
        entry.extend(now.to_le_bytes());
        entry.extend(value);
        let own = self.slot.filter(|slot| {
            let key = self.key(*slot);
            board.read(&key).is_some_and(|(known, version)| {
                self.is_own(&known) && board.write(&key, &entry, Some(version))
            })
        });
        self.slot = own.or_else(|| self.take_slot(&entry, now, board));
    }

    /// Takes this worker's value back. It is no longer one of the workers.
    pub fn leave(&mut self, board: &mut dyn Board) {
        let Some(key) = self.slot.take().map(|slot| self.key(slot)) else {
            return;
        };
        if let Some((known, version)) = board.read(&key) {
            if self.is_own(&known) {
                board.write(&key, FREE, Some(version));
            }
        }
    }

    /// Gives the value of each live worker, this one included.
    pub fn each(&self, now: SteadyMillis, board: &mut dyn Board, mut give: impl FnMut(&[u8])) {
        for slot in 0..MAX_SLOTS {
            let Some((entry, _)) = board.read(&self.key(slot)) else {
                return;
            };
            if self.is_live(&entry, now) {
                give(entry.get(HEAD_BYTES..).unwrap_or_default());
            }
        }
    }

    /// Writes to the first slot that nobody has; `None` when there is none.
    fn take_slot(&self, entry: &[u8], now: SteadyMillis, board: &mut dyn Board) -> Option<u32> {
        (0..MAX_SLOTS).find(|slot| {
            let key = self.key(*slot);
            match board.read(&key) {
                Some((known, _)) if self.is_live(&known, now) => false,
                found => board.write(&key, entry, found.map(|(_, version)| version)),
            }
        })
    }

    fn is_own(&self, entry: &[u8]) -> bool {
        let owner = entry.first_chunk().copied().map(u32::from_le_bytes);
        owner == Some(self.owner.0)
    }

    fn is_live(&self, entry: &[u8], now: SteadyMillis) -> bool {
        let shared_at = entry.get(4..).and_then(|rest| rest.first_chunk());
        let shared_at = shared_at.copied().map(SteadyMillis::from_le_bytes);
        shared_at.is_some_and(|shared_at| now.saturating_sub(shared_at) <= self.live_for)
    }

    fn key(&self, slot: u32) -> String {
        format!("{}.{slot}", self.topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::SharedMemory;

    fn worker(number: u32) -> Peers {
        Peers::new("test", Owner(number), 5_000)
    }

    fn seen(peers: &Peers, now: SteadyMillis, board: &mut SharedMemory) -> Vec<String> {
        let mut seen = Vec::new();
        peers.each(now, board, |value| {
            seen.push(String::from_utf8(value.to_vec()).unwrap());
        });
        seen
    }

    #[test]
    fn each_worker_sees_the_newest_value_of_all() {
        let board = &mut SharedMemory::default();
        let (mut one, mut two) = (worker(1), worker(2));
        one.share(b"one", 0, board);
        two.share(b"two", 10, board);
        one.share(b"one again", 20, board);
        for peers in [&one, &two, &worker(3)] {
            assert_eq!(seen(peers, 20, board), ["one again", "two"]);
        }
        let mut other_topic = Peers::new("other", Owner(1), 5_000);
        other_topic.share(b"other", 20, board);
        assert_eq!(seen(&one, 20, board), ["one again", "two"]);
        assert_eq!(seen(&other_topic, 20, board), ["other"]);
    }

    #[test]
    fn a_worker_that_died_drops_out_and_one_that_leaves_does_so_at_once() {
        let board = &mut SharedMemory::default();
        let (mut one, mut two, mut three) = (worker(1), worker(2), worker(3));
        one.share(b"one", 0, board);
        two.share(b"two", 0, board);
        three.share(b"three", 3_000, board);
        assert_eq!(seen(&three, 5_000, board), ["one", "two", "three"]);
        assert_eq!(seen(&three, 5_001, board), ["three"]);
        three.leave(board);
        assert_eq!(seen(&three, 5_001, board), [""; 0]);
        three.leave(board);
        three.share(b"back", 5_001, board);
        assert_eq!(seen(&one, 5_001, board), ["back"]);
    }

    #[test]
    fn slots_of_workers_that_have_gone_are_used_again() {
        let board = &mut SharedMemory::default();
        let mut lasting = worker(0);
        for number in 1..1_000 {
            let now = u64::from(number) * 3_000;
            lasting.share(b"lasting", now, board);
            let mut next = worker(number);
            next.share(b"next", now, board);
            if number % 2 == 0 {
                next.leave(board);
            }
        }
        assert_eq!(board.read("test.4"), None);
    }

    #[test]
    fn a_worker_whose_slot_was_taken_finds_another() {
        let board = &mut SharedMemory::default();
        let (mut slow, mut other) = (worker(1), worker(2));
        slow.share(b"slow", 0, board);
        other.share(b"other", 6_000, board);
        slow.share(b"slow is back", 6_000, board);
        assert_eq!(seen(&slow, 6_000, board), ["other", "slow is back"]);
        slow.leave(board);
        assert_eq!(seen(&slow, 6_000, board), ["other"]);
    }

    #[test]
    fn values_that_are_no_entries_are_nobodys() {
        let board = &mut SharedMemory::default();
        board.write("test.0", b"short", None);
        assert_eq!(seen(&worker(1), 0, board), [""; 0]);
        let mut one = worker(1);
        one.share(b"one", 0, board);
        assert_eq!(seen(&one, 0, board), ["one"]);
        assert_eq!(board.read("test.1"), None);
    }
}
