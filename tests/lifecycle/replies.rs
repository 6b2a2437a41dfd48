//! Many replies that are due at once.

use std::time::Duration;

use crate::fixtures::{track, webhooks};
use crate::host::{Host, StreamId};

/// More than a webhook gets at a time.
const REQUESTS: usize = 1_000;

/// The requests that a hung webhook is tried with, and behind them many that wait for it.
fn behind_a_hung_webhook() -> (Host, Vec<StreamId>) {
    let mut host = Host::with(&webhooks(1));
    let streams: Vec<_> = (0..REQUESTS)
        .map(|n| {
            let stream = host.collect(&track(&n.to_string()));
            host.advance(Duration::from_millis(1));
            stream
        })
        .collect();
    (host, streams)
}

/// Lets calls time out until each of these requests has its reply.
fn time_out_until_all_are_replied_to(host: &mut Host, streams: &[StreamId]) {
    for _ in 0..20 {
        for call in host.calls() {
            host.time_out(&call);
        }
        host.advance(Duration::from_secs(1));
        if streams.iter().all(|stream| host.status(*stream).is_some()) {
            return;
        }
    }
    panic!("some request has no reply");
}

#[test]
fn replies_that_are_due_at_once_go_out_over_several_turns() {
    let (mut host, streams) = behind_a_hung_webhook();
    time_out_until_all_are_replied_to(&mut host, &streams);
    let mut statuses = streams.iter().map(|stream| host.status(*stream));
    assert!(statuses.all(|status| status == Some(503)));
}

#[test]
fn a_turn_in_which_many_calls_end_sends_no_more_of_them_than_another() {
    let (mut host, streams) = behind_a_hung_webhook();
    // No tick comes between these callbacks.
    for call in host.calls() {
        host.time_out(&call);
    }
    let replies = streams.iter().filter_map(|stream| host.status(*stream));
    let sent = replies.count();
    assert!((1..=32).contains(&sent), "{sent}");
    time_out_until_all_are_replied_to(&mut host, &streams);
}

#[test]
fn a_root_that_is_replaced_sends_them_before_it_ends() {
    let (mut host, streams) = behind_a_hung_webhook();
    let old = host.replace(&webhooks(1));
    assert!(!host.retire(old));
    time_out_until_all_are_replied_to(&mut host, &streams);
    let mut statuses = streams.iter().map(|stream| host.status(*stream));
    assert!(statuses.all(|status| status == Some(503)));
}
