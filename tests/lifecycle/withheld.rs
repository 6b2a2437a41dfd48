//! A host that keeps the bodies of requests to itself.

use std::time::Duration;

use crate::fixtures::{payload, track, webhooks};
use crate::host::{Host, StreamId};

const STEP: Duration = Duration::from_millis(100);

fn open(host: &mut Host) -> StreamId {
    let stream = host.open(&track("a").head);
    host.headers(stream, false);
    stream
}

#[test]
fn requests_that_keep_coming_do_not_put_off_the_answer() {
    let mut host = Host::with(&webhooks(1));
    host.keep_back(1_000);
    let streams: Vec<_> = (0..8)
        .map(|_| {
            let stream = open(&mut host);
            host.advance(STEP);
            stream
        })
        .collect();
    let statuses: Vec<_> = streams.iter().map(|one| host.status(*one)).collect();
    assert_eq!(statuses, [Some(503); 8]);
}

#[test]
fn a_slow_client_among_quick_ones_is_waited_for() {
    let mut host = Host::with(&webhooks(1));
    let streams = [(); 8].map(|()| {
        let stream = open(&mut host);
        host.advance(STEP);
        stream
    });
    assert_eq!(streams.map(|one| host.status(one)), [None; 8]);
}

#[test]
fn a_body_that_came_late_is_no_reason_to_refuse_requests_for_ever() {
    let mut host = Host::with(&webhooks(1));
    host.keep_back(1_000);
    let first = open(&mut host);
    host.advance(6 * STEP);
    assert_eq!(host.status(first), Some(503));
    let second = open(&mut host);
    assert_eq!(
        host.status(second),
        Some(503),
        "it is known, and not waited for"
    );

    host.advance(Duration::from_secs(10));
    let third = host.collect(&track("a"));
    let call = host.call();
    assert_eq!(call.text(), payload("a"));
    host.respond(&call, 200);
    assert_eq!(host.status(third), Some(200));
}

#[test]
fn where_no_body_ever_comes_requests_are_refused_all_the_same() {
    let mut host = Host::with(&webhooks(1));
    host.keep_back(1_000);
    for _ in 0..3 {
        let waiting = open(&mut host);
        assert_eq!(host.status(waiting), None);
        host.advance(6 * STEP);
        assert_eq!(host.status(waiting), Some(503));
        let refused = open(&mut host);
        assert_eq!(host.status(refused), Some(503));
        host.advance(Duration::from_secs(10));
    }
}

#[test]
fn any_number_of_requests_that_wait_is_refused() {
    let mut host = Host::with(&webhooks(1));
    host.keep_back(1_000);
    let streams = [(); 300].map(|()| open(&mut host));
    host.advance(6 * STEP);
    assert_eq!(streams.map(|one| host.status(one)), [Some(503); 300]);
}
