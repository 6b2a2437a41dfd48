//! One request on its way: passed, collected, answered once.

use proxy_wasm::types::Action::{Continue, Pause};
use serde_json::json;

use crate::fixtures::{batch, payload, track, webhooks, with};
use crate::host::{Host, Request};

#[test]
fn a_request_that_is_not_ours_passes_and_nothing_but_its_head_is_read() {
    let mut host = Host::with(&webhooks(1));
    host.host_calls();
    let request = Request::post("/other", "some body")
        .in_pieces_of(3)
        .with_trailers();
    let (stream, actions) = host.send(&request);
    assert_eq!(actions, [Continue; 5]);
    let host_calls: Vec<_> = host.host_calls().into_keys().collect();
    assert_eq!(
        host_calls,
        [
            "proxy_get_header_map_pairs HttpRequestHeaders",
            "proxy_increment_metric freshpaint_webhooks.requests.outcome.passed",
        ]
    );
    assert_eq!(host.turn(), 0);
    assert_eq!(host.answer(stream), None);
}

#[test]
fn a_collection_request_is_held_from_its_head_on() {
    let mut host = Host::with(&webhooks(1));
    let (stream, actions) = host.send(&track("a").in_pieces_of(100));
    assert_eq!(actions, [Pause; 3]);
    host.turn();
    let call = host.call();
    assert_eq!(call.text(), payload("a"));
    assert_eq!(call.cluster, "cluster_0");
    assert_eq!(host.answer(stream), None);
    host.respond(&call, 200);
    let answer = host.answer(stream).unwrap();
    assert_eq!((answer.status, answer.text()), (200, "1"));
    assert!(!host.is_open(stream));
}

#[test]
fn a_body_may_be_cut_anywhere() {
    let mut host = Host::with(&with(webhooks(1), "dedupe", json!({"window": "0s"})));
    let whole = track("a").in_pieces_of(usize::MAX);
    for size in [1, 2, 3, 7, 64, 150] {
        let stream = host.collect(&whole.clone().in_pieces_of(size));
        let call = host.call();
        assert_eq!(call.text(), payload("a"));
        host.respond(&call, 200);
        assert_eq!(host.status(stream), Some(200), "{size}");
    }
}

#[test]
fn trailers_end_a_body() {
    let mut host = Host::with(&webhooks(1));
    let (stream, actions) = host.send(&track("a").in_pieces_of(100).with_trailers());
    assert_eq!(actions, [Pause; 4]);
    let call = host.call();
    assert_eq!(call.text(), payload("a"));
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
}

#[test]
fn an_empty_last_piece_ends_a_body() {
    let mut host = Host::with(&webhooks(1));
    let body = crate::fixtures::event("a").to_string().into_bytes();
    let stream = host.collect(&track("a").pieces(vec![body, Vec::new()]));
    let call = host.call();
    assert_eq!(call.text(), payload("a"));
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
}

#[test]
fn trailers_without_a_body_are_an_empty_body() {
    let mut host = Host::with(&webhooks(1));
    let request = Request::new("POST", "/track").with_trailers();
    let stream = host.collect(&request);
    let answer = host.answer(stream).unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (400, "The request has no body.")
    );
}

#[test]
fn a_head_that_ends_the_request_is_refused_at_once() {
    let mut host = Host::with(&webhooks(1));
    let (stream, actions) = host.send(&Request::new("POST", "/track"));
    assert_eq!(actions, [Pause]);
    let answer = host.answer(stream).unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (400, "The request has no body.")
    );
    assert_eq!(host.turn(), 0);
    assert_eq!(host.count("requests.outcome.refused"), 1);
}

#[test]
fn an_event_in_the_query_needs_no_body() {
    let mut host = Host::with(&webhooks(1));
    let data = crate::fixtures::event("a").to_string();
    let data: String = data.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let (stream, actions) = host.send(&Request::new("GET", format!("/track?data={data}")));
    assert_eq!(actions, [Pause]);
    host.turn();
    let call = host.call();
    assert_eq!(call.text(), payload("a"));
    host.respond(&call, 200);
    let answer = host.answer(stream).unwrap();
    assert_eq!(answer.status, 200);
    // Or an event sent again could be answered from a cache.
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn bodies_that_come_in_are_counted_until_they_end_or_their_clients_go() {
    let limits = json!({"max_in_flight_bytes": 65_536});
    let mut host = Host::with(&with(webhooks(1), "limits", limits));
    let head = Request::post("/track", "").head;
    let begin = |host: &mut Host| {
        let stream = host.open(&head);
        assert_eq!(host.headers(stream, false), Pause);
        assert_eq!(host.body(stream, &[b' '; 30_000], false), Pause);
        stream
    };
    let (first, second, third) = (begin(&mut host), begin(&mut host), begin(&mut host));
    // There is no room for the third, which is told when it has ended.
    assert!(host.is_open(third));
    assert_eq!(host.body(third, b" ", true), Pause);
    let answer = host.answer(third).unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "2");
    host.leave(first);
    let fourth = begin(&mut host);
    for stream in [second, fourth] {
        assert_eq!(host.body(stream, b"", true), Pause);
        assert_eq!(host.status(stream), Some(400));
    }
    assert_eq!(host.count("requests.outcome.retry"), 1);
    assert_eq!(host.count("requests.outcome.refused"), 2);
    assert_eq!(host.calls(), []);
}

#[test]
fn a_body_past_the_limit_is_refused_when_it_has_come_in() {
    let limits = json!({"max_body_bytes": 100});
    let mut host = Host::with(&with(webhooks(1), "limits", limits));
    let request = Request::post("/track", vec![b' '; 250]).in_pieces_of(50);
    let (stream, actions) = host.send(&request);
    // The third piece makes it 150 bytes. A client that does not look for an answer before it has
    // sent everything gets it too.
    assert_eq!(actions, [Pause; 6]);
    let answer = host.answer(stream).unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (413, "The body is larger than 100 bytes.")
    );
    assert_eq!(host.turn(), 0);
    assert_eq!(host.calls(), []);
}

#[test]
fn a_body_without_events_is_refused_by_the_root() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&Request::post("/track", "no json"));
    assert_eq!(host.status(stream), Some(400));
    assert_eq!(host.calls(), []);
    assert_eq!(host.count("requests.outcome.refused"), 1);
}

#[test]
fn each_answer_goes_to_its_own_stream() {
    let mut host = Host::with(&webhooks(1));
    let names = ["a", "b", "c", "d"];
    let streams = names.map(|name| host.send(&track(name)).0);
    host.turn();
    let calls = host.calls();
    assert_eq!(calls.len(), 4);
    // Last to first, the second one is refused.
    for index in [3, 2, 1, 0] {
        assert!(streams[..=index].iter().all(|stream| host.is_open(*stream)));
        let call = &calls[index];
        assert_eq!(call.text(), payload(names[index]));
        host.respond(call, if index == 1 { 400 } else { 200 });
        assert!(!host.is_open(streams[index]));
    }
    let statuses = streams.map(|stream| host.status(stream).unwrap());
    assert_eq!(statuses, [200, 503, 200, 200]);
}

#[test]
fn a_batch_is_answered_when_its_last_event_is_accepted() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&batch(&["a", "b", "c"]));
    let calls = host.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!(host.answer(stream), None);
        host.respond(call, 200);
    }
    assert_eq!(host.status(stream), Some(200));
    assert_eq!(host.count("events.type.track.outcome.accepted"), 3);
}

/// The host raises a violation when a call is made while a stream is acting, and when one is left
/// acting.
#[test]
fn an_answer_and_the_next_call_in_one_callback_do_not_mix() {
    let limits = json!({"max_in_flight_per_webhook": 1});
    let mut host = Host::with(&with(webhooks(1), "limits", limits));
    let streams = ["a", "b", "c"].map(|name| host.send(&track(name)).0);
    host.turn();
    for stream in streams {
        let call = host.call();
        host.respond(&call, 200);
        assert_eq!(host.status(stream), Some(200));
    }
    assert_eq!(host.calls(), []);
}

#[test]
fn a_request_that_needs_no_call_is_answered_in_the_callback_that_has_all_of_it() {
    let mut host = Host::with(&webhooks(1));
    let bodies = ["no json", "[]", "{}", "\"a\""];
    let statuses = bodies.map(|body| {
        let (stream, _) = host.send(&Request::post("/track", body));
        host.status(stream).unwrap()
    });
    assert_eq!(statuses, [400, 200, 400, 400]);
    assert_eq!(host.turn(), 0);
}

#[test]
fn several_answers_in_one_callback_each_find_their_stream() {
    let mut host = Host::with(&webhooks(1));
    // All wait for one event.
    let streams = ["a"; 4].map(|name| host.send(&track(name)).0);
    let call = host.call();
    host.respond(&call, 200);
    assert_eq!(streams.map(|stream| host.status(stream)), [Some(200); 4]);
}

#[test]
fn an_event_that_no_webhook_wants_is_success_without_a_call() {
    let mut host = Host::with(&webhooks(2));
    let identify = json!({"event": "$identify", "properties": {"distinct_id": "d"}});
    let stream = host.collect(&Request::post("/track", identify.to_string()));
    assert_eq!(host.status(stream), Some(200));
    assert_eq!(host.calls(), []);
    assert_eq!(host.count("events.type.identify.outcome.filtered"), 1);
}

#[test]
fn a_preflight_is_answered_at_its_head() {
    let mut host = Host::with(&webhooks(1));
    let request = Request::new("OPTIONS", "/track").header("origin", "https://shop.test");
    let (stream, actions) = host.send(&request);
    assert_eq!(actions, [Pause]);
    let answer = host.answer(stream).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.test"
    );
    assert_eq!(host.count("requests.outcome.preflight"), 1);
}
