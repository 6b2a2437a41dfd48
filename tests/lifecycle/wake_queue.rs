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
    for replaced in 0..3 {
        keep_one(&mut host, &replaced.to_string());
        let old = host.replace(&webhooks(1));
        // A configuration that is only tried leaves none behind.
        assert_eq!(host.queues().len(), usize::from(replaced > 0));
        host.host_calls();
        assert!(host.retire(old));
        assert_eq!(host.host_calls()["proxy_enqueue_shared_queue"], 1);
        assert_eq!(host.queues().len(), 1);
        assert_eq!(host.turn(), 1);
    }
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
    for name in ["one", "other"] {
        host.set_plugin_name(name);
        assert!(host.configure(webhooks(1).to_string()));
        keep_one(&mut host, name);
        let old = host.replace(&webhooks(1));
        assert!(host.retire(old));
    }
    let queues = host.queues();
    assert_eq!(queues.len(), 2);
    assert_ne!(queues[0], queues[1]);
}

/// Has the newest root keep an event.
fn keep_one(host: &mut Host, id: &str) {
    host.collect(&track(id));
    let call = host.call();
    host.respond(&call, 503);
}
