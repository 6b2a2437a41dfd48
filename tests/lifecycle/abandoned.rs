//! Clients that hang up: their deliveries go on, and are counted.

use crate::fixtures::{track, webhooks};
use crate::host::Host;

#[test]
fn deliveries_go_on_when_the_client_has_gone() {
    let mut host = Host::with(&webhooks(2));
    let stream = host.collect(&track("a"));
    let calls = host.calls();
    assert_eq!(calls.len(), 2);
    host.leave(stream);
    host.respond(&calls[0], 200);
    host.respond(&calls[1], 500);
    assert_eq!(host.answer(stream), None);
    assert_eq!(host.count("answers.outcome.abandoned"), 1);
    assert_eq!(host.count("events.type.track.outcome.accepted"), 1);
    assert_eq!(host.count("deliveries.webhook.hook_0.outcome.delivered"), 1);
    assert_eq!(host.count("deliveries.webhook.hook_1.outcome.rejected"), 1);
}

#[test]
fn a_client_that_goes_before_the_calls_are_made_changes_nothing() {
    let mut host = Host::with(&webhooks(1));
    let (stream, _) = host.send(&track("a"));
    host.leave(stream);
    host.turn();
    let call = host.call();
    host.respond(&call, 200);
    assert_eq!(host.count("answers.outcome.abandoned"), 1);
    assert_eq!(host.count("deliveries.webhook.hook_0.outcome.delivered"), 1);
}

#[test]
fn a_client_that_goes_in_mid_body_leaves_nothing() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.open(&vec![
        (":method".into(), b"POST".into()),
        (":path".into(), b"/track".into()),
    ]);
    host.headers(stream, false);
    host.body(stream, b"{\"event\":", false);
    host.leave(stream);
    assert_eq!(host.turn(), 0);
    assert_eq!(host.calls(), []);
    assert_eq!(host.counts(), [].into());
}

#[test]
fn one_that_has_gone_does_not_cost_the_next_its_answer() {
    let mut host = Host::with(&webhooks(1));
    let [gone, waiting] = ["a", "a"].map(|name| host.send(&track(name)).0);
    host.turn();
    // Both wait for one event, so that both are answered in one callback.
    let call = host.call();
    host.leave(gone);
    host.respond(&call, 200);
    assert_eq!(host.answer(gone), None);
    assert_eq!(host.status(waiting), Some(200));
    assert_eq!(host.count("answers.outcome.abandoned"), 1);
}

#[test]
fn one_that_has_just_gone_is_not_answered_although_the_host_still_knows_it() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&track("a"));
    host.leave_but_linger(stream);
    let call = host.call();
    // The SDK panics at a callback of a stream that it has deleted.
    host.respond(&call, 200);
    host.forget(stream);
    assert_eq!(host.answer(stream), None);
    assert_eq!(host.count("answers.outcome.abandoned"), 1);
    assert_eq!(host.count("events.type.track.outcome.accepted"), 1);
}
