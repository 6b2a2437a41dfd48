//! A configuration that comes back before it has ended: Envoy has its root serve again, and tells
//! the module nothing.

use std::time::Duration;

use serde_json::{json, Value};

use crate::fixtures::{event, track, webhooks};
use crate::host::{Host, Request, RootId};
use crate::monitor::{action, local};

/// Two configurations of one webhook, by the roots that have them.
struct Vm {
    host: Host,
    first: RootId,
    second: RootId,
}

/// One webhook `hook_0` with this host.
fn at(host: &str) -> Value {
    let mut configuration = webhooks(1);
    configuration["webhooks"][0]["url"] = format!("https://{host}/in").into();
    configuration
}

impl Vm {
    /// The second configuration has come, and could have what the first one keeps.
    fn new() -> Self {
        let mut host = Host::with(&at("first.test"));
        let first = host.root();
        assert!(host.configure(at("second.test").to_string()));
        let second = host.root();
        host.advance(Duration::from_secs(10));
        Self {
            host,
            first,
            second,
        }
    }

    /// A request comes to this root on this connection.
    fn send(&mut self, root: RootId, connection: u64, request: &Request) {
        self.host.select(root);
        self.host.come_on(connection);
        self.host.collect(request);
    }

    /// A request whose event the webhook fails.
    fn keep(&mut self, root: RootId, connection: u64, id: &str) {
        self.send(root, connection, &track(id));
        let call = self.host.call();
        self.host.respond(&call, 503);
    }

    /// Time in which the webhook answers with this status; the hosts that were called.
    fn pass(&mut self, seconds: u32, status: u16) -> Vec<String> {
        let mut called = Vec::new();
        for _ in 0..seconds {
            self.host.advance(Duration::from_secs(1));
            self.host.turn();
            for call in self.host.calls() {
                called.push(call.authority().to_owned());
                self.host.respond(&call, status);
            }
        }
        called
    }
}

/// This host was called more than so many times, and no other one was.
#[track_caller]
fn assert_only(called: &[String], host: &str, times: usize) {
    assert!(
        called.len() > times && called.iter().all(|known| known == host),
        "{called:?}"
    );
}

#[test]
fn kept_events_are_tried_as_the_configuration_says_that_new_connections_come_to() {
    let mut vm = Vm::new();
    let (first, second) = (vm.first, vm.second);
    vm.keep(second, 7, "of the second");
    // Connections from before go on for a while.
    vm.keep(first, 2, "on an old connection");
    vm.pass(10, 503);
    let called = vm.pass(30, 503);
    assert_only(&called, "second.test", 2);

    vm.keep(first, 8, "on a new connection");
    let called = vm.pass(90, 503);
    assert_only(&called, "first.test", 4);
    assert!(vm.host.retire(second), "it has given back what it kept");
    vm.pass(90, 200);
    assert_eq!(vm.host.count("held.outcome.delivered"), 3);
}

/// Where connections live for long, the newer configuration may have had none yet.
#[test]
fn an_old_connection_does_not_bring_the_older_configuration_back() {
    let mut vm = Vm::new();
    let first = vm.first;
    for connection in [2, 3] {
        vm.keep(first, connection, &format!("on connection {connection}"));
        vm.pass(10, 503);
        let called = vm.pass(30, 503);
        assert_only(&called, "second.test", 1);
    }
    vm.pass(90, 200);
    assert_eq!(vm.host.count("held.outcome.delivered"), 2);
}

/// They have one name by mistake, and each has connections of its own.
#[test]
fn of_two_roots_that_get_new_connections_each_tries_what_it_keeps() {
    let mut vm = Vm::new();
    let (first, second) = (vm.first, vm.second);
    vm.keep(first, 1, "a");
    for connection in 1..60 {
        vm.send(first, 2 * connection, &Request::post("/other", "body"));
        vm.send(second, 2 * connection + 1, &Request::post("/other", "body"));
        let called = vm.pass(2, 503);
        assert!(called.iter().all(|host| host == "first.test"), "{called:?}");
    }
    assert_eq!(vm.host.count("held.outcome.handed_over"), 0);
}

#[test]
fn a_root_is_woken_however_often_it_gets_something_back() {
    let mut vm = Vm::new();
    let (first, second) = (vm.first, vm.second);
    vm.keep(first, 1, "a");
    let mut connection = 1;
    for (time, root) in (1..).zip([second, first, second, first]) {
        connection += 1;
        vm.send(root, connection, &Request::post("/other", "body"));
        assert_ne!(vm.pass(90, 503), [""; 0], "it is {time}");
        assert_eq!(vm.host.count("held.outcome.handed_over"), time);
    }
    vm.pass(90, 200);
    assert_eq!(vm.host.count("held.outcome.delivered"), 1);
}

#[test]
fn the_live_page_tests_events_with_the_configuration_that_is_in_use() {
    let mut vm = Vm::new();
    let (first, second) = (vm.first, vm.second);
    vm.host.set_plugin_name("monitor");
    assert!(vm.host.configure(r#"{"monitor": {"of": "webhooks"}}"#));
    let monitor = vm.host.root();
    let mut tested = Vec::new();
    for (connection, root) in [(1, second), (2, first), (3, second)] {
        vm.send(root, connection, &Request::post("/other", "body"));
        let event = event(&connection.to_string()).to_string();
        let test = json!({"path": "/track", "body": event, "deliver": true});
        vm.send(monitor, connection, &local(action("/api/v1/test", &test)));
        let call = vm.host.call();
        tested.push(call.authority().to_owned());
        vm.host.respond(&call, 200);
    }
    assert_eq!(tested, ["second.test", "first.test", "second.test"]);
}
