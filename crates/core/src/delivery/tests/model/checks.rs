//! Statements that must be true of the world all the while, and at its end.

use std::collections::BTreeSet;

use super::configuration::{
    DEAD_LETTER, EACH, MOST_BYTES, MOST_HELD, MOST_IN_FLIGHT, MOST_TOGETHER, WEBHOOKS,
};
use super::world::{events_of, Request, World, LONGEST_STEP};
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
                    fixture.places[call.webhook] == DEAD_LETTER,
                    call.dead_letter.is_some(),
                    "{call:?}"
                );
                if self.seen_tokens.insert((fixture.owner, call.token)) {
                    let events = events_of(call);
                    for event in &events {
                        let to = (event.clone(), fixture.places[call.webhook]);
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
        let taken: BTreeSet<_> = self.taken().collect();
        let lacking = taken.into_iter().filter(|(name, wanted)| {
            let has_it = (0..WEBHOOKS).any(|webhook| self.has(*name, webhook));
            !has_it || wanted >> EACH & 1 == 1 && !self.has(*name, EACH)
        });
        let (lacking, given_up): (Vec<_>, _) = (lacking.collect(), self.given_up());
        assert!(
            lacking.len() <= given_up as usize,
            "{lacking:?} are not all among those given up: {given_up}"
        );
    }

    /// Where no event is sent again, each delivery is counted once, and so is each event that is
    /// given up.
    pub(super) fn assert_counted_once(&self) {
        if self.has_died || self.frozen > 0 {
            return;
        }
        let taken: Vec<_> = self.taken().collect();
        for (webhook, names) in [&["a", "z"][..], &["b"], &["c"]].iter().enumerate() {
            let wanting = taken.iter().filter(|(_, wants)| wants >> webhook & 1 == 1);
            let (mut having, mut lacking) = (0, 0);
            for (name, _) in wanting {
                *if self.has(*name, webhook) {
                    &mut having
                } else {
                    &mut lacking
                } += 1;
            }
            let count = |outcome: &str| {
                let count = |name| format!("deliveries.webhook.{name}.outcome.{outcome}");
                let counts = names.iter().map(|name| self.count(&count(name)));
                counts.sum::<u32>()
            };
            let failed = ["rejected", "timeout", "unreachable", "not_sent"].map(count);
            let counted = (count("delivered"), failed.iter().sum::<u32>());
            assert_eq!(counted, (having, lacking), "to {names:?}, of {taken:?}");
        }
        let (mut least, mut most) = (0, 0);
        for (name, wants) in taken {
            let is_lost = (0..WEBHOOKS).all(|webhook| !self.has(name, webhook));
            // One of them is promised each event, and another one by some configurations.
            let mut promised = [0, EACH]
                .iter()
                .filter(|webhook| wants >> **webhook & 1 == 1);
            least += u32::from(is_lost);
            most += u32::from(is_lost || promised.any(|webhook| !self.has(name, *webhook)));
        }
        let given_up = self.given_up();
        assert!(
            (least..=most).contains(&given_up),
            "{given_up} are given up and not {least} to {most}"
        );
    }

    /// The events that were taken, and the webhooks that want them.
    fn taken(&self) -> impl Iterator<Item = (u8, u8)> + '_ {
        let is_taken =
            |request: &&Request| !matches!(request.verdict, Some(Verdict::Overloaded { .. }));
        let requests = self.requests.values().filter(is_taken);
        requests.flat_map(|request| request.events.iter().copied())
    }

    fn has(&self, name: u8, webhook: usize) -> bool {
        self.delivered.contains(&(format!("event-{name}"), webhook))
    }

    /// The sum over all configurations.
    fn count(&self, name: &str) -> u32 {
        self.all().map(|fixture| fixture.count(name)).sum()
    }

    fn given_up(&self) -> u32 {
        let outcomes = ["expired", "no_room", "refused", "dead_letter"].iter();
        let counts = outcomes.map(|outcome| self.count(&format!("held.outcome.{outcome}")));
        counts.sum()
    }
}
