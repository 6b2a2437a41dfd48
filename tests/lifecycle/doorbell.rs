//! How streams wake their root.

use crate::fixtures::{track, webhooks};
use crate::host::Host;

#[test]
fn the_bell_rings_once_a_turn_however_many_requests_come() {
    let mut host = Host::with(&webhooks(1));
    for turn in 0..3 {
        host.host_calls();
        for request in 0..5 {
            host.send(&track(&format!("{turn}-{request}")));
        }
        assert_eq!(host.host_calls()["proxy_enqueue_shared_queue"], 1);
        assert_eq!(host.turn(), 1);
        assert_eq!(host.calls().len(), 5);
    }
}

#[test]
fn each_root_has_a_bell_of_its_own() {
    let mut host = Host::with(&webhooks(1));
    let first = host.send(&track("a")).0;
    assert!(host.configure(webhooks(1).to_string()));
    let second = host.send(&track("b")).0;
    let queues = host.queues();
    assert_eq!(queues.len(), 2);
    assert_ne!(queues[0], queues[1]);
    assert_eq!(host.turn(), 2);
    for call in host.calls() {
        host.respond(&call, 200);
    }
    assert_eq!(host.status(first), Some(200));
    assert_eq!(host.status(second), Some(200));
}

#[test]
fn a_queue_of_somebody_else_is_left_alone() {
    let mut host = Host::with(&webhooks(1));
    host.send(&track("a"));
    host.host_calls();
    host.wake(4_000);
    assert_eq!(host.host_calls(), [].into());
    assert_eq!(host.calls(), []);
    host.turn();
    assert_eq!(host.calls().len(), 1);
}
