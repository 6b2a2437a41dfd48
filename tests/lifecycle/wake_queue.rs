//! How one root wakes another, and that a stream needs no wake.

use crate::fixtures::{track, webhooks};
use crate::host::Host;

#[test]
fn a_stream_has_its_calls_made_at_once() {
    let mut host = Host::with(&webhooks(2));
    for request in 0..5 {
        host.send(&track(&request.to_string()));
        assert_eq!(host.calls().len(), 2);
    }
    assert_eq!(host.turn(), 0);
}

#[test]
fn roots_of_one_name_share_a_queue_which_only_a_handover_wakes() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    let old = host.root();
    assert!(host.configure(webhooks(1).to_string()));
    let queues = host.queues();
    // A new configuration leaves none behind.
    assert_eq!(queues.len(), 1);
    host.host_calls();
    assert!(host.retire(old));
    assert_eq!(host.host_calls()["proxy_enqueue_shared_queue"], 1);
    assert_eq!(host.turn(), 1);
}

#[test]
fn a_queue_of_somebody_else_is_left_alone() {
    let mut host = Host::with(&webhooks(1));
    host.host_calls();
    host.wake(4_000);
    assert_eq!(host.host_calls(), [].into());
}

#[test]
fn plugins_of_different_names_have_queues_of_their_own() {
    let mut host = Host::with(&webhooks(1));
    host.set_plugin_name("other");
    assert!(host.configure(webhooks(1).to_string()));
    let queues = host.queues();
    assert_eq!(queues.len(), 2);
    assert_ne!(queues[0], queues[1]);
}
