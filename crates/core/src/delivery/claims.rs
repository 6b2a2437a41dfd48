//! Tells the other workers about the events of this one.

use super::dedupe::{Claim, EventId, Question, Resume, State};
use super::entry::Entry;
use super::event::PreparedEvent;
use super::key::EntryKey;
use super::{Outbox, Turn};

/// Events that are claimed together at most: a bucket has no room for more.
const MOST_TOGETHER: usize = 64;

impl<T> Outbox<T> {
    /// Claims the first events of a request: as many as come from one device one after the other,
    /// up to [`MOST_TOGETHER`]. Those that are here already are left out, and so is the second of
    /// two that are the same.
    pub(super) fn claim_first(
        &mut self,
        events: &[PreparedEvent],
        turn: &mut Turn<'_>,
    ) -> Vec<Option<Claim>> {
        let device = |event: &PreparedEvent| event.id.map(EventId::device);
        let first = events.first().and_then(device);
        let together = events.iter().take(MOST_TOGETHER);
        let together = together.take_while(|event| device(event) == first);
        let mut questions: Vec<Question> = Vec::new();
        let mut claims = Vec::new();
        for (place, event) in together.enumerate() {
            claims.push(None);
            let id = event.id.filter(|id| self.store.find(*id).is_none());
            if let Some(id) = id.filter(|id| questions.iter().all(|known| known.id != *id)) {
                questions.push(Question::about(id, place));
            }
        }
        self.dedupe.claim_all(&mut questions, turn.now, turn.shared);
        for Question { place, answer, .. } in questions {
            if let Some(claim) = claims.get_mut(place) {
                *claim = answer;
            }
        }
        claims
    }

    pub(super) fn insert(&mut self, entry: Entry) -> EntryKey {
        let key = self.store.insert(entry);
        self.dedupe.restart_heartbeat(true, &mut self.timers);
        key
    }

    /// Takes an event out, wherever it stands.
    pub(super) fn remove(&mut self, key: EntryKey, turn: &mut Turn<'_>) -> Option<Entry> {
        // An event that nobody has, and that nobody has been told of, must not pass for accepted.
        self.settle_claim(key, State::Released, turn);
        let entry = self.store.remove(key)?;
        let has_claims = !self.store.is_empty();
        self.dedupe.restart_heartbeat(has_claims, &mut self.timers);
        Some(entry)
    }

    /// Shows the other workers that this one is alive, and how far it has come.
    pub(super) fn beat(&mut self, turn: &mut Turn<'_>) {
        self.dedupe.beat_if_due(turn.now, turn.shared);
        let has_claims = !self.store.is_empty();
        self.dedupe.restart_heartbeat(has_claims, &mut self.timers);
    }

    /// Takes up again an event that is held. One without an id that lasts is known here alone.
    pub(super) fn resume(&mut self, key: EntryKey, turn: &mut Turn<'_>) -> Resume {
        let Some(entry) = self.store.get_mut(key) else {
            return Resume::Gone;
        };
        let Some(id) = entry.event().id else {
            return Resume::Ours(turn.now);
        };
        let resume = self.dedupe.resume(id, turn.now, turn.shared);
        if let Resume::Ours(date) = resume {
            entry.claim(date);
        }
        resume
    }

    /// Says what became of an event.
    pub(super) fn settle(&mut self, key: EntryKey, state: State, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get_mut(key) else {
            return;
        };
        let claimed = entry.take_claim();
        if let Some(id) = entry.event().id {
            self.dedupe
                .settle(id, claimed, state, turn.now, turn.shared);
            self.dedupe.restart_heartbeat(true, &mut self.timers);
        }
    }

    /// Says it if nothing has been said since the event was claimed.
    fn settle_claim(&mut self, key: EntryKey, state: State, turn: &mut Turn<'_>) {
        if self.store.get(key).is_some_and(Entry::is_claimed) {
            self.settle(key, state, turn);
        }
    }
}
