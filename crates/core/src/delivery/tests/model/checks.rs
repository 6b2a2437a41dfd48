//! Statements that must be true of the world all the while, and at its end.

use std::collections::BTreeSet;

use super::configuration::{
    DEAD_LETTER, EACH, MOST_BYTES, MOST_HELD, MOST_IN_FLIGHT, MOST_TOGETHER, WEBHOOKS,
};
use super::world::{events_of, World, LONGEST_STEP};
use crate::delivery::Verdict;

impl World {
    /// Looks at everything that has happened.
    pub(super) fn observe(&mut self) {
        let old = self.old.iter_mut().map(|old| &mut old.fixture);
        for fixture in self.fixtures.iter_mut().chain(old) {
            for (number, verdict) in fixture.take_verdicts() {
                let request = self.requests.get_mut(&(fixture.owner, number)).unwrap();
                assert_eq!(request.verdict, None, "answered twice: {request:?}");
                assert!(
                    fixture.now - request.sent <= 25_000 + LONGEST_STEP + self.frozen,
                    "answered late: {request:?} at {}",
                    fixture.now
                );
                if let Verdict::Accepted { refused } = &verdict {
                    for (index, (name, _)) in (0_u32..).zip(&request.events) {
                        if refused.contains(&index) {
                            let refused = (0..WEBHOOKS).any(|webhook| {
                                self.refused.contains(&(format!("event-{name}"), webhook))
                            });
                            assert!(refused, "{name} named as refused, and nobody refused it");
                            continue;
                        }
                        let name = format!("event-{name}");
                        let has_it = (0..WEBHOOKS)
                            .any(|webhook| self.delivered.contains(&(name.clone(), webhook)));
                        assert!(has_it, "{name} answered as accepted, and nobody has it");
                    }
                }
                request.verdict = Some(verdict);
            }
            let mut in_flight = [0; WEBHOOKS + 1];
            for call in &fixture.calls {
                in_flight[call.webhook] += 1;
                assert_eq!(
                    call.webhook == DEAD_LETTER,
                    call.dead_letter.is_some(),
                    "{call:?}"
                );
                if self.seen_tokens.insert((fixture.owner, call.token)) {
                    let events = events_of(call);
                    for event in &events {
                        let to = (event.clone(), call.webhook);
                        assert!(
                            !self.delivered.contains(&to) || self.untold.contains(event),
                            "sent again to who has it: {call:?}"
                        );
                    }
                    let different: BTreeSet<_> = events.iter().collect();
                    assert_eq!(different.len(), events.len(), "twice in one call: {call:?}");
                    assert!(events.len() <= MOST_TOGETHER, "{call:?}");
                }
            }
            for count in in_flight {
                assert!(count <= MOST_IN_FLIGHT, "{count} calls in flight");
            }
            assert!(fixture.outbox.held_events() <= MOST_HELD);
            assert!(fixture.outbox.in_flight_bytes() <= MOST_BYTES);
        }
    }

    /// Every event that was taken and has not reached all that it is owed to is counted as given
    /// up, at least once. A VM that dies forgets what it kept.
    pub(super) fn assert_nothing_lost(&self) {
        if self.has_died {
            return;
        }
        let requests = self.requests.values();
        let taken =
            requests.filter(|request| !matches!(request.verdict, Some(Verdict::Overloaded { .. })));
        let taken: BTreeSet<_> = taken.flat_map(|request| &request.events).collect();
        let has = |name: &u8, webhook| self.delivered.contains(&(format!("event-{name}"), webhook));
        let lacking = taken.iter().filter(|(name, wanted)| {
            let has_it = (0..WEBHOOKS).any(|webhook| has(name, webhook));
            !has_it || wanted >> EACH & 1 == 1 && !has(name, EACH)
        });
        let count = |outcome| {
            let name = format!("held.outcome.{outcome}");
            self.all().map(|fixture| fixture.count(&name)).sum::<u32>()
        };
        let given_up = ["expired", "no_room", "refused", "dead_letter"].map(count);
        let lacking: Vec<_> = lacking.collect();
        assert!(
            lacking.len() <= given_up.iter().sum::<u32>() as usize,
            "{lacking:?} are not all among those given up: {given_up:?}"
        );
    }
}
