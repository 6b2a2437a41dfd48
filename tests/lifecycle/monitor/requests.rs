//! Requests that the monitor refuses, or that it can do nothing with.

use proptest::prelude::*;

use super::{local, Vm};
use crate::fixtures::webhooks;
use crate::host::{Host, Request};

#[test]
fn a_monitor_without_its_collector_says_what_is_wrong() {
    let mut host = Host::start();
    host.set_plugin_name("monitor");
    assert!(host.configure(r#"{"monitor": {"of": "webhooks"}}"#));
    let stream = host.collect(&local(Request::new("GET", "/api/v1/status")));
    let answer = host.answer(stream).unwrap();
    assert_eq!(answer.status, 503);
    assert!(
        answer.text().contains("finds no filter named"),
        "{}",
        answer.text()
    );
    let stream = host.collect(&local(Request::new("GET", "/")));
    assert_eq!(host.status(stream), Some(200));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let mut vm = Vm::with(&webhooks(1));
    let long = Request::post("/api/v1/test", vec![b' '; 300_000])
        .header("content-type", "application/json")
        .header("x-freshpaint-monitor", "1")
        .in_pieces_of(50_000);
    assert_eq!(vm.ask(long).unwrap().status, 413);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..60)
}

fn one_of(known: &[&str]) -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<_> = known
        .iter()
        .map(|known| known.as_bytes().to_vec())
        .collect();
    prop_oneof![3 => prop::sample::select(known), 1 => bytes()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    /// Every request is answered, and the collector has no call and no count of it.
    #[test]
    fn bad_input_gets_a_status_and_never_touches_collection(
        method in one_of(&["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
        path in one_of(&[
            "/", "/monitor.js", "/api/v1/status", "/api/v1/records?after=1:5,x", "/api/v1/retry",
            "/api/v1/test", "/track", "/api/v1/records?after=99999999999999999999:1",
        ]),
        host in one_of(&["localhost:9902", "127.0.0.1", "[::1]:9902", "evil.test"]),
        content_type in one_of(&["application/json", "text/plain"]),
        header in one_of(&["1", "0"]),
        body in one_of(&[
            "{}", "[]", r#"{"webhook":"hook_0"}"#, r#"{"path":"/track","body":"{}"}"#,
            r#"{"path":"/track","body":"\ud800","deliver":true}"#, r#"{"path":7}"#, "{",
        ]),
    ) {
        let mut vm = Vm::with(&webhooks(1));
        let mut request = Request::new(method, path)
            .header("content-type", content_type)
            .header("x-freshpaint-monitor", header)
            .pieces(vec![body]);
        request.head.retain(|(name, _)| name != ":authority");
        let request = request.header(":authority", host);
        vm.host.select(vm.monitor);
        let stream = vm.host.collect(&request);
        let status = vm.host.status(stream);
        prop_assert!(status.is_some_and(|status| (200..500).contains(&status)), "{status:?}");
        prop_assert_eq!(vm.host.calls(), []);
        prop_assert!(vm.host.counts().is_empty(), "{:?}", vm.host.counts());
    }
}
