//! Promises that the configuration makes: each webhook gets each event, what is given up goes to
//! the dead letter webhook, and a long refusal of everything loses nothing.

use crate::campaign::seconds;
use crate::ledger::{Answer, Keeps, COLUMNS};
use crate::trial::{beside_others, look, webhook, Trial};
use crate::webhooks::{
    is_poison, Way, FAILING, FLAPPING, HALF, HANGING, HEALTHY, LIMITING, PICKY, REFUSING,
    RESETTING, UNAUTHORISED,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// The dead letter webhook's place in the ledger.
const DEAD_LETTER: usize = 2;

/// How many events each fault gets, and for how long.
fn load() -> (usize, Duration) {
    match seconds() {
        None => (250, Duration::from_millis(700)),
        Some(_) => (2_000, Duration::from_secs(4)),
    }
}

fn print(name: &str, trial: &Trial) {
    let row = trial.assert_whole("");
    println!("{:<28}{COLUMNS}\n{name:<28}{row}", "promise");
    trial.assert_no_vm_died();
}

#[test]
fn with_each_no_webhook_misses_an_event_and_none_gets_it_twice() {
    let _turn = beside_others();
    let trial = Trial::configured(4, &json!({"guarantee": "each"}));
    let (events, time) = load();
    let ways = [
        Way::Dead,
        FAILING,
        UNAUTHORISED,
        REFUSING,
        HANGING,
        RESETTING,
        HALF,
        LIMITING,
        FLAPPING,
    ];
    for (index, way) in ways.into_iter().enumerate() {
        let prefix = format!("{index}.");
        // The broken webhook is another one each time.
        let mut both = [HEALTHY; 2];
        both[index % 2] = way;
        trial.turn(both);
        trial.clients(&prefix).run(events, time);
        trial.recover(&prefix, Keeps::WhatIsRead);
        let complete = look(|| trial.ledger.incomplete(&prefix, 2).is_empty().then_some(()));
        assert!(
            complete.is_some(),
            "{way:?}: {:?} did not reach both webhooks\n{:?}",
            trial.ledger.incomplete(&prefix, 2),
            trial.envoy.metrics()
        );
    }
    trial.settle();
    print("each", &trial);
}

#[test]
fn an_event_that_every_webhook_refuses_becomes_one_dead_letter() {
    let _turn = beside_others();
    let trial = Trial::configured(
        4,
        &json!({
            "webhooks": [webhook("crm"), webhook("cdp"), webhook("dead")],
            "dead_letter": "dead",
        }),
    );
    let (events, time) = load();
    trial.turn([PICKY; 2]);
    trial.clients("p.").run(events, time);
    // Every event has to be decided while the webhooks are picky: none is kept any more.
    let ids = trial.ledger.ids("p.");
    let open = || trial.ledger.to_send_again("p.", Keeps::Nothing);
    let decided = look(|| {
        let clients = trial.clients("p.");
        for ids in open().chunks(20) {
            clients.send(ids);
        }
        open().is_empty().then_some(())
    });
    assert!(
        decided.is_some(),
        "{:?}\n{:?}",
        open(),
        trial.envoy.metrics()
    );
    let poison: Vec<_> = ids.iter().filter(|id| is_poison(id)).cloned().collect();
    assert!(poison.len() > 5, "{poison:?}");
    let arrived = look(|| (trial.ledger.accepted_by("p.", DEAD_LETTER) == poison).then_some(()));
    assert!(
        arrived.is_some(),
        "dead letters: {:?}\nfor {poison:?}\n{:?}",
        trial.ledger.accepted_by("p.", DEAD_LETTER),
        trial.envoy.metrics()
    );

    // An SDK that sends it again is told so, and its other events are not held up.
    trial.turn([HEALTHY; 2]);
    for ids in poison.chunks(5) {
        assert_eq!(trial.clients("p.").send(ids), Answer::Success);
    }
    trial.settle();
    for webhook in 0..2 {
        let accepted = trial.ledger.accepted_by("p.", webhook);
        assert!(accepted.iter().all(|id| !is_poison(id)), "{accepted:?}");
    }
    let reasons = BTreeMap::from([("refused".to_owned(), poison.len())]);
    assert_eq!(trial.dead_letter.dead_letters(), reasons);
    print("dead letters", &trial);
}

#[test]
fn a_spell_in_which_everything_is_unauthorised_loses_nothing() {
    let _turn = beside_others();
    let trial = Trial::configured(2, &json!({}));
    let (events, time) = load();
    // Minutes, as long as it takes somebody to renew a key; scaled like the backoff.
    let spell = seconds().map_or(Duration::from_secs(6), |_| Duration::from_secs(60));
    trial.turn([UNAUTHORISED; 2]);
    trial.clients("s.").run(events, time);
    thread::sleep(spell);
    trial.recover("s.", Keeps::WhatIsRead);
    trial.settle();
    print("401 for a while", &trial);
}
