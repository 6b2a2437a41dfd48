//! The scenes that every SDK goes through: its calls with the webhooks up, and one with all of them
//! down.

use crate::expected::{Expected, Matcher};
use crate::run::{Programs, Verdict};
use crate::sdk::{Sdk, CALLS};
use crate::stage::{Delivery, Stage, WEBHOOKS};
use anyhow::Result;
use freshpaint_harness::wait::poll;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a program may take for all calls of an SDK.
const PROGRAM: Duration = Duration::from_secs(240);
/// How long a delivery may take once it is due.
const DELIVERY: Duration = Duration::from_secs(60);

/// The result of each column of an SDK's row: ok, or what is wrong.
pub type Cells = BTreeMap<&'static str, Result<(), String>>;

/// Every webhook is up: each payload arrives whole, at each webhook, once, and the SDK reports
/// success.
pub fn webhooks_up(
    sdk: &Sdk,
    programs: &Programs,
    expected: &Expected,
) -> Result<(Cells, Vec<Delivery>)> {
    let calls: Vec<&str> = CALLS
        .into_iter()
        .filter(|call| expected.contains_key(*call))
        .collect();
    let expected = &only(expected, &calls);
    let stage = Stage::start()?;
    let mut matcher = Matcher::new();
    let run = programs.run(sdk, &calls, stage.address())?;
    let (verdicts, errors) = run.finish(PROGRAM);
    let due = expected.values().map(Vec::len).sum::<usize>() * WEBHOOKS.len();
    poll(DELIVERY, || {
        (stage.seen().len() >= due || verdicts.len() < calls.len()).then_some(())
    });

    let seen = stage.seen();
    let mut faults = BTreeMap::<&str, Vec<String>>::new();
    for webhook in WEBHOOKS {
        let got: Vec<&Delivery> = seen.iter().filter(|one| one.webhook == webhook).collect();
        let assigned = assign(expected, &got, &mut matcher);
        for (call, fault) in assigned.faults {
            faults
                .entry(call)
                .or_default()
                .push(format!("{webhook}: {fault}"));
        }
        for verdict in &verdicts {
            let ids: BTreeSet<_> = verdict.ids.iter().map(String::as_str).collect();
            let call = verdict.call.as_str();
            let arrived = assigned.ids.get(call).cloned().unwrap_or_default();
            if !ids.is_empty() && ids != arrived {
                let fault = format!("{webhook}: the SDK says it sent {ids:?}, {arrived:?} came");
                faults.entry(call).or_default().push(fault);
            }
        }
    }
    let mut cells = Cells::new();
    for call in calls {
        let mut wrong = faults.remove(call).unwrap_or_default();
        match verdicts.iter().find(|verdict| verdict.call == call) {
            Some(Verdict { ok: true, .. }) => {}
            Some(Verdict { why, .. }) => wrong.push(format!("the SDK reports a failure: {why}")),
            None => wrong.push(format!("the SDK reports nothing; {errors}")),
        }
        cells.insert(call, none_wrong(wrong));
    }
    let mut again = faults.remove("").unwrap_or_default();
    // An SDK sees no answer to what it sends while its page goes away, and may send that again from
    // another page.
    let unanswered = expected.get("unload").map_or(0, Vec::len) as u64;
    for (what, end, allowed) in [
        ("retry", "requests.outcome.retry", 0),
        ("duplicate", "outcome.duplicate", unanswered),
    ] {
        let count = stage.counted("", end);
        if count > allowed {
            again.push(format!("{count} counted as {what}\n{}", stage.log()));
        }
    }
    cells.insert("once", none_wrong(again));
    Ok((cells, seen))
}

/// How every webhook is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// They answer 503.
    Status503,
    /// They refuse connections.
    Refused,
}

/// Every webhook is down: an SDK that sends again does so, with the same message id; once the
/// webhooks are back, each event is delivered, and no webhook takes it twice.
pub fn webhooks_down(
    sdk: &Sdk,
    programs: &Programs,
    expected: &Expected,
    how: Down,
) -> Result<Result<(), String>> {
    let stage = Stage::start()?;
    match how {
        Down::Status503 => stage.set_down(true),
        Down::Refused => stage.close(),
    }
    let mut matcher = Matcher::new();
    let run = programs.run(sdk, sdk.outage, stage.address())?;
    let mut wrong = Vec::new();
    let enough = poll(DELIVERY, || match sdk.resends {
        true => (stage.counted("requests", "outcome.retry") >= 2).then_some(()),
        false => (run.calls_done() >= sdk.outage.len()).then_some(()),
    });
    if enough.is_none() && sdk.resends {
        wrong.push("it does not send again while every webhook is down".to_owned());
    }
    match how {
        Down::Status503 => stage.set_down(false),
        Down::Refused => stage.open()?,
    }
    let (verdicts, errors) = run.finish(PROGRAM);
    for call in sdk.outage {
        match verdicts.iter().find(|verdict| verdict.call == *call) {
            Some(Verdict { ok, .. }) if *ok == sdk.resends => {}
            Some(Verdict { ok: true, .. }) => wrong.push(format!(
                "it reports success of {call}, which no webhook had taken"
            )),
            Some(Verdict { why, .. }) => {
                wrong.push(format!("it reports a failure of {call}: {why}"))
            }
            None => wrong.push(format!("it reports nothing of {call}; {errors}")),
        }
    }

    let due = only(expected, sdk.outage);
    let events: usize = due.values().map(Vec::len).sum();
    let accepted = || {
        let seen = stage.seen();
        seen.into_iter()
            .filter(|one| one.accepted)
            .collect::<Vec<_>>()
    };
    poll(DELIVERY, || {
        (distinct(&accepted()).len() >= events).then_some(())
    });
    // Events that are still kept would be delivered later: wait until there are none.
    let kept = || {
        let kept = stage.counted("held", "outcome.kept");
        let gone = stage.counted("held", "") - kept;
        kept.saturating_sub(gone)
    };
    if poll(DELIVERY, || (kept() == 0).then_some(())).is_none() {
        wrong.push(format!("{} events are still kept", kept()));
    }
    // A webhook that was asked just before the change has refused what the other one took just
    // after it: that is no fault.
    let mut whole: Vec<Delivery> = Vec::new();
    for delivery in accepted() {
        if !whole
            .iter()
            .any(|one| one.message_id() == delivery.message_id())
        {
            whole.push(delivery);
        }
    }
    let assigned = assign(&due, &whole.iter().collect::<Vec<_>>(), &mut matcher);
    wrong.extend(
        assigned
            .faults
            .into_iter()
            .map(|(call, fault)| format!("{call}: {fault}")),
    );
    let ids = stage.seen();
    if distinct(&ids).len() > events {
        wrong.push(format!("message ids do not stay: {:?}", distinct(&ids)));
    }
    for webhook in WEBHOOKS {
        let taken: Vec<Delivery> = accepted()
            .into_iter()
            .filter(|one| one.webhook == webhook)
            .collect();
        if taken.len() > distinct(&taken).len() {
            wrong.push(format!("{webhook} took an event twice"));
        }
    }
    Ok(none_wrong(wrong))
}

fn only(expected: &Expected, calls: &[&str]) -> Expected {
    let mut chosen = expected.clone();
    chosen.retain(|call, _| calls.contains(&call.as_str()));
    chosen
}

fn distinct(deliveries: &[Delivery]) -> BTreeSet<&str> {
    deliveries.iter().map(Delivery::message_id).collect()
}

fn none_wrong(wrong: Vec<String>) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("\n"))
}

/// Matches payloads to calls.
#[derive(Default)]
struct Assigned<'e> {
    /// Problems by call. An unexpected payload belongs to no call.
    faults: Vec<(&'e str, String)>,
    /// The message ids of each call.
    ids: BTreeMap<&'e str, BTreeSet<&'e str>>,
}

/// Finds the payload of each expected one, in whatever order they came.
fn assign<'e>(expected: &'e Expected, got: &[&'e Delivery], matcher: &mut Matcher) -> Assigned<'e> {
    let mut assigned = Assigned::default();
    let mut rest: Vec<&Delivery> = got.to_vec();
    let mut missing: Vec<(&str, &Value)> = Vec::new();
    for (call, payloads) in expected {
        for payload in payloads {
            let found = rest
                .iter()
                .position(|one| matcher.check(payload, &one.payload).is_ok());
            match found.map(|index| rest.remove(index)) {
                Some(one) => {
                    _ = assigned
                        .ids
                        .entry(call)
                        .or_default()
                        .insert(one.message_id())
                }
                None => missing.push((call, payload)),
            }
        }
    }
    for (call, payload) in missing {
        let alike = |one: &&&Delivery| {
            ["type", "event"]
                .iter()
                .all(|key| one.payload[key] == payload[key])
        };
        let fault = match rest.iter().find(alike) {
            Some(near) => {
                let differs = matcher
                    .check(payload, &near.payload)
                    .err()
                    .unwrap_or_default();
                format!("{differs}; the whole payload is {}", near.payload)
            }
            None => format!("{payload} did not come"),
        };
        assigned.faults.push((call, fault));
    }
    for one in rest {
        assigned
            .faults
            .push(("", format!("not expected: {}", one.payload)));
    }
    assigned
}
