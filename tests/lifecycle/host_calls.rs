//! The calls of the host that a request costs; each leaves the VM and comes back.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{json, Value};

use crate::fixtures::{batch, batching, track, webhooks};
use crate::host::{Host, Request};

/// By name: a request that passes; one event to one webhook; one event to three; a batch of twenty
/// events to one; the same to one with `batch`.
///
/// The numbers are exact: a change that needs one call more has to say so here. A histogram takes
/// one value at a time. The gauges are set at most once a second, and not here.
const TABLE: &str = "
passes 1 to 1 1 to 3 20 to 1 batched
     0      3      5      22       3 clock_time_get
     0      1      1       1       1 proxy_get_buffer_bytes HttpRequestBody
     1      1      1       1       1 proxy_get_header_map_pairs HttpRequestHeaders
     0      1      3      20       1 proxy_get_header_map_value :status
     0      1      1       1       1 proxy_get_shared_data freshpaint.e
     0      1      3      20       1 proxy_http_call
     0      1      3       1       1 proxy_increment_metric freshpaint_webhooks.attempts.webhook.hook_N.outcome.delivered.status_class.Nxx
     0      0      0       0       1 proxy_increment_metric freshpaint_webhooks.batches.webhook.hook_N
     0      1      3       1       1 proxy_increment_metric freshpaint_webhooks.deliveries.webhook.hook_N.outcome.delivered
     0      1      1       1       1 proxy_increment_metric freshpaint_webhooks.events.type.track.outcome.accepted
     0      1      1       1       1 proxy_increment_metric freshpaint_webhooks.requests.outcome.accepted
     1      0      0       0       0 proxy_increment_metric freshpaint_webhooks.requests.outcome.passed
     0      1      3      20       1 proxy_record_metric freshpaint_webhooks.latency_ms.webhook.hook_N
     0      1      1       1       1 proxy_send_local_response
     0      2      4      22       2 proxy_set_effective_context
     0      1      1       1       1 proxy_set_shared_data freshpaint.e
     0      1      1       1       1 proxy_set_shared_data freshpaint.p
     0      0      0       1       0 proxy_set_tick_period_milliseconds
     2     18     32     115      19 in all
";

/// The calls of one request from its head to the end of its last delivery, on a worker that has
/// seen one before.
fn cost_of(count: usize, request: &Request) -> BTreeMap<String, usize> {
    cost_with(&webhooks(count), request)
}

fn cost_with(configuration: &Value, request: &Request) -> BTreeMap<String, usize> {
    let mut host = Host::with(configuration);
    deliver(&mut host, &track("before"));
    host.host_calls();
    deliver(&mut host, request);
    let mut cost = BTreeMap::new();
    for (name, count) in host.host_calls() {
        *cost.entry(without_digits(&name)).or_default() += count;
    }
    cost
}

/// All webhooks are one: `hook_0` and `hook_1` become `hook_N`.
fn without_digits(name: &str) -> String {
    name.replace(|letter: char| letter.is_ascii_digit(), "N")
}

pub(crate) fn deliver(host: &mut Host, request: &Request) {
    host.collect(request);
    for call in host.calls() {
        host.respond(&call, 200);
    }
}

#[test]
fn a_request_costs_exactly_these_host_calls() {
    let names: Vec<_> = (0..20).map(|name| name.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let costs = [
        cost_of(1, &Request::post("/other", "body")),
        cost_of(1, &track("a")),
        cost_of(3, &track("a")),
        cost_of(1, &batch(&names)),
        cost_with(&batching(json!({})), &batch(&names)),
    ];
    let mut rows: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for (column, cost) in costs.iter().enumerate() {
        for (name, count) in cost {
            rows.entry(name).or_default()[column] = *count;
        }
    }
    let sums = costs.each_ref().map(|cost| cost.values().sum());
    let mut table = String::from("\npasses 1 to 1 1 to 3 20 to 1 batched\n");
    for (name, counts) in rows.into_iter().chain([("in all", sums)]) {
        let [passes, one, three, twenty, batched] = counts;
        let row = format!("{passes:6} {one:6} {three:6} {twenty:7} {batched:7}");
        writeln!(table, "{row} {name}").unwrap();
    }
    assert!(table == TABLE, "is\n{table}\nand not\n{TABLE}");
}
