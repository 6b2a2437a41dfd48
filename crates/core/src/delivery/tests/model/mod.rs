//! Random schedules of requests, answers, failures, re-sends, time, deaths and new configurations
//! on three workers.

mod checks;
mod configuration;
mod step;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;

use configuration::{Variant, WEBHOOKS};
use step::{Ending, Step};
use world::{World, WORKERS};

use crate::config::Acknowledge;

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Delivered),
        3 => prop::sample::select(vec![500, 503, 408, 429, 400, 404, 302]).prop_map(Ending::Status),
        1 => (0_u32..100).prop_map(Ending::RetryAfter),
        1 => Just(Ending::Broken),
        1 => Just(Ending::TimedOut),
    ]
}

fn variant() -> impl Strategy<Value = Variant> {
    any::<[bool; 10]>().prop_map(|differs| {
        let [each, single, no_dead_letter, little_room, swapped, renamed, ruled, gone, brief, crowded] =
            differs;
        Variant {
            each,
            single,
            no_dead_letter,
            little_room,
            swapped,
            renamed,
            ruled,
            gone,
            brief,
            crowded,
        }
    })
}

/// Mostly one of the workers, at times what has been replaced on one.
fn place() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..WORKERS, 1 => any::<usize>()]
}

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..WORKERS;
    let events = vec((0..12_u8, 1..(1_u8 << WEBHOOKS)), 0..5);
    prop_oneof![
        4 => (place(), events).prop_map(|(at, events)| Step::Submit(at, events)),
        2 => (place(), any::<usize>()).prop_map(|(at, request)| Step::SendAgain(at, request)),
        1 => (place(), any::<usize>(), any::<usize>()).prop_map(|(at, one, other)| Step::Regroup(at, one, other)),
        10 => (place(), any::<usize>(), ending()).prop_map(|(at, call, how)| Step::End(at, call, how)),
        1 => (place(), 0..WEBHOOKS, any::<bool>()).prop_map(|(at, webhook, on)| Step::Refuse(at, webhook, on)),
        1 => prop_oneof![
            1 => worker.clone().prop_map(Step::Die),
            2 => (worker, variant()).prop_map(|(worker, variant)| Step::Replace(worker, variant)),
            2 => any::<usize>().prop_map(Step::Retire),
            1 => any::<usize>().prop_map(Step::TakeBack),
            1 => (1_000..20_000_u64).prop_map(Step::Freeze),
        ],
        1 => (place(), prop::option::of(0..WEBHOOKS)).prop_map(|(at, webhook)| Step::RetryNow(at, webhook)),
        4 => prop_oneof![1..200_u64, 200..6_000_u64, Just(25_000_u64)].prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn an_event_that_is_sent_once_is_counted_once(steps in vec(step(), 1..80)) {
        let mut world = World::new(Acknowledge::FirstAcceptance);
        world.sends_once = true;
        for step in &steps {
            match *step {
                // Of a webhook that is gone nothing is counted.
                Step::Replace(at, variant) => {
                    world.run(&Step::Replace(at, Variant { gone: false, ..variant }));
                }
                _ => world.run(step),
            }
        }
        world.end_all();
        world.assert_counted_once();
    }

    #[test]
    fn nothing_is_lost_or_doubled_whatever_happens(settled: bool, steps in vec(step(), 1..80)) {
        let acknowledge = if settled { Acknowledge::Settled } else { Acknowledge::FirstAcceptance };
        let mut world = World::new(acknowledge);
        for step in &steps {
            world.run(step);
        }
        world.end_all();
        for (of, request) in &world.requests {
            assert!(request.verdict.is_some(), "{of:?} was never answered: {request:?}");
        }
        world.assert_nothing_lost();
        for fixture in world.all() {
            fixture.outbox.assert_idle();
            let held = |outcome: &str| fixture.count(&format!("held.outcome.{outcome}"));
            let letters = |reason: &str| fixture.count(&format!("dead_letters.reason.{reason}"));
            let expired = held("expired") + letters("expired");
            let refused = held("refused") + letters("refused") + letters("oversized");
            // `refused` also counts events that were refused at once and so never kept. An event
            // that is handed from one configuration to the next is kept in the one and ends in the
            // other.
            if world.old.is_empty() {
                let ended = held("delivered") + expired + held("handed_over");
                assert!(ended <= held("kept") && held("kept") <= ended + refused, "{held}", held = held("kept"));
            }
        }
    }
}
