//! The traces that `envoy.yaml` has in comments: a span for each call, in the trace of its client.

use crate::{start, track};
use freshpaint_harness::otlp::{OtlpReceiver, Span};
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{repository, trust_store, yaml, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Envoy, Receiver, Recorded, Request};
use serde_json::{json, Value};
use std::fs;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CLIENT: &str = "b7ad6b7169203331";

/// The comment whose first line is `begin`, as YAML.
fn commented(begin: &str) -> Value {
    let text = fs::read_to_string(repository().join("envoy/envoy.yaml")).unwrap();
    let lines = text
        .lines()
        .skip_while(|line| line.trim() != format!("# {begin}"))
        .map_while(|line| line.trim().strip_prefix("# "));
    yaml(&lines.collect::<Vec<_>>().join("\n")).unwrap()
}

/// The shipped file with its comments on traces taken in, and a webhook behind the egress.
fn traced(webhook: &Receiver, collector: &OtlpReceiver) -> Shipped {
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.allow_private().unwrap();
    let url = format!(
        "http://hook.localhost:{}/in?key=secret",
        webhook.address().port()
    );
    let configuration = shipped.configuration().unwrap();
    configuration["webhooks"] = json!([{"name": "hook", "url": url}]);
    configuration["observe"] = json!({"trace": true});
    let written = commented("request_id_extension:");
    for listener in ["collect", "egress"] {
        let manager = shipped.manager(listener).unwrap();
        for (key, value) in written.as_object().unwrap() {
            manager[key] = value.clone();
        }
    }
    let cluster = commented("- name: otel_collector")[0].take();
    shipped.clusters().unwrap().push(cluster);
    shipped.lead("otel_collector", collector.address()).unwrap();
    let mut bootstrap = shipped.bootstrap().clone();
    // Envoy would keep them for some seconds.
    bootstrap["layered_runtime"]["layers"][0]["static_layer"]["tracing"] =
        json!({"opentelemetry": {"min_flush_spans": 1}});
    Shipped::of(bootstrap)
}

fn send(envoy: &Envoy, event: &str, traceparent: &str) -> u16 {
    let body = json!({"event": event, "properties": {"distinct_id": "d", "$insert_id": event}});
    let request = Request::post("/track", body.to_string()).header("traceparent", traceparent);
    request.send(envoy.address()).unwrap().status
}

/// `traceparent` as a webhook got it.
fn traceparent(call: &Recorded) -> &str {
    call.header("traceparent").unwrap_or_default()
}

#[test]
fn every_attempt_is_a_span_in_the_trace_of_its_client() {
    let (webhook, collector) = (Receiver::start().unwrap(), OtlpReceiver::start().unwrap());
    let envoy = start(traced(&webhook, &collector));
    assert_eq!(track(&envoy, "no trace").status, 200);
    let unsampled = format!("00-{TRACE}-{CLIENT}-00");
    assert_eq!(send(&envoy, "unsampled", &unsampled), 200);
    webhook.decide(|_, before| status(if before == 2 { 503 } else { 200 }));
    let sampled = format!("00-{TRACE}-{CLIENT}-01");
    assert_eq!(send(&envoy, "sampled", &sampled), 503);

    let calls = webhook.wait_for(4, PATIENCE).unwrap();
    let mut spans = Vec::new();
    poll(PATIENCE, || {
        spans = collector.spans().unwrap();
        (spans.len() >= 3).then_some(())
    });
    let (requests, mut attempts): (Vec<Span>, Vec<Span>) = spans
        .into_iter()
        .inspect(|span| {
            assert_eq!(
                (span.service.as_str(), span.trace_id.as_str()),
                ("freshpaint-webhooks", TRACE)
            );
            assert!(!format!("{span:?}").contains("secret"), "{span:?}");
        })
        .partition(|span| span.name == "ingress");
    let [request] = &requests[..] else {
        panic!("{requests:#?}")
    };
    assert_eq!(request.parent_id, CLIENT);
    // Each is exported by itself, so that the later one may come first.
    attempts.sort_by_key(|attempt| attempt.attributes["http.status_code"] != "503");
    let [first, second] = &attempts[..] else {
        panic!("{attempts:#?}")
    };
    let host = format!("http://hook.localhost:{}", webhook.address().port());
    for (attempt, call, status) in [(first, &calls[2], "503"), (second, &calls[3], "200")] {
        assert_eq!(attempt.attributes["http.url"], host);
        assert_eq!(attempt.attributes["http.status_code"], status);
        // The webhook's own spans are parts of the attempt's.
        let given = format!("00-{TRACE}-{}-01", attempt.span_id);
        assert_eq!(traceparent(call), given);
        // The module's span is nobody else's.
        assert_ne!(attempt.parent_id, CLIENT);
        assert_ne!(attempt.parent_id, request.span_id);
        assert_eq!(attempt.parent_id.len(), 16);
    }
    assert_ne!(first.parent_id, second.parent_id);
    assert!(!traceparent(&calls[0]).contains(TRACE));
    let unsampled = traceparent(&calls[1]);
    assert!(
        unsampled.contains(TRACE) && unsampled.ends_with("-00"),
        "{unsampled}"
    );
}
