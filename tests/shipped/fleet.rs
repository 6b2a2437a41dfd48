//! `fleet.yaml`: several collectors behind one Envoy that chooses among them by the device.

use crate::start;
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::{Envoy, Receiver, Request};
use serde_json::{json, Value};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// With so many ids, one collector will hardly have them all by chance.
pub(crate) const IDS: usize = 32;

/// An Envoy with `envoy.yaml`, its webhook, and the route's own upstream.
pub(crate) struct Collector {
    pub(crate) envoy: Envoy,
    pub(crate) webhook: Receiver,
    app: Receiver,
}

/// An Envoy with `envoy.yaml` that delivers to this webhook and passes the rest on.
pub(crate) fn collector(webhook: &Receiver, app: &Receiver) -> Envoy {
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.configuration().unwrap()["webhooks"] =
        json!([{"name": "crm", "url": "http://crm.test/in", "cluster": "crm"}]);
    shipped.lead("crm", webhook.address()).unwrap();
    shipped.add_application(app.address()).unwrap();
    start(shipped)
}

impl Collector {
    pub(crate) fn start() -> Self {
        let (webhook, app) = (Receiver::start().unwrap(), Receiver::start().unwrap());
        Self {
            envoy: collector(&webhook, &app),
            webhook,
            app,
        }
    }

    /// The `messageId`s that the webhook has, in the order in which they came.
    fn delivered(&self) -> Vec<String> {
        let requests = self.webhook.requests();
        requests.iter().map(|r| r.message_id()).collect()
    }
}

/// The shipped front over these collectors, with a change.
pub(crate) fn front(collectors: &[Collector], change: impl FnOnce(&mut Shipped)) -> Envoy {
    let mut shipped = Shipped::fleet().unwrap();
    change(&mut shipped);
    let cluster = shipped.cluster("collectors").unwrap();
    let endpoints: Vec<_> = collectors
        .iter()
        .map(|collector| {
            let at = collector.envoy.address();
            json!({"endpoint": {"address": {"socket_address": {"address": at.ip(), "port_value": at.port()}}}})
        })
        .collect();
    cluster["type"] = json!("STATIC");
    cluster["load_assignment"]["endpoints"] = json!([{"lb_endpoints": endpoints}]);
    start(shipped)
}

pub(crate) fn fleet<const N: usize>() -> ([Collector; N], Envoy) {
    let collectors = std::array::from_fn(|_| Collector::start());
    let front = front(&collectors, |_| {});
    (collectors, front)
}

#[track_caller]
fn send(front: &Envoy, request: &Request) {
    let answer = request.send(front.address()).unwrap();
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), front.log());
}

/// One event of `user` as four SDKs send it; the message ids are `<user>-0` to `<user>-3`.
fn of_four_sdks(user: &str) -> [Request; 4] {
    let post = |path: &str, body: Value| Request::post(path, body.to_string());
    let id = |n: usize| format!("{user}-{n}");
    [
        post(
            "/track",
            json!({"event": "a", "properties": {"distinct_id": "ada@example.com", "$device_id": user, "$insert_id": id(0), "time": 1672262210}}),
        ),
        post(
            "/v1/t",
            json!({"event": "a", "properties": {"distinct_id": "x"}, "anonymousId": user, "messageId": id(1), "timestamp": "2022-12-28T21:16:50Z"}),
        ),
        // A batch's first event decides, whatever is sent as its content type and by the client as
        // our header.
        post(
            "/v1/batch",
            json!({"batch": [{"type": "track", "event": "a", "anonymousId": user, "messageId": id(2), "timestamp": "2022-12-28T21:16:50Z"}], "sentAt": user}),
        )
        .header("content-type", "text/plain")
        .header("x-fleet-key", format!("not {user}")),
        post(
            "/batch/",
            json!({"api_key": "k", "batch": [{"event": "a", "distinct_id": user, "uuid": id(3), "timestamp": "2022-12-28T21:16:50Z"}]}),
        ),
    ]
}

#[test]
fn one_users_events_all_reach_the_same_collector() {
    let (collectors, front) = fleet::<2>();
    let users: Vec<_> = (0..IDS).map(|n| format!("user-{n}")).collect();
    for user in &users {
        for request in of_four_sdks(user) {
            send(&front, &request);
        }
    }

    let delivered = collectors.each_ref().map(Collector::delivered);
    let everyone: usize = delivered.iter().map(Vec::len).sum();
    assert_eq!(everyone, 4 * IDS);
    for user in &users {
        let of_user: Vec<_> = (0..4).map(|n| format!("{user}-{n}")).collect();
        let counts = delivered
            .each_ref()
            .map(|ids| of_user.iter().filter(|&id| ids.contains(id)).count());
        assert!(matches!(counts, [4, 0] | [0, 4]), "{user}: {counts:?}");
    }
    // It is the id that spreads them: they all come from one address.
    assert!(delivered.iter().all(|ids| !ids.is_empty()));
}

#[test]
fn an_event_that_is_sent_again_is_delivered_once() {
    let (collectors, front) = fleet::<2>();
    for user in 0..IDS {
        let [_, request, ..] = of_four_sdks(&format!("user-{user}"));
        send(&front, &request);
        send(&front, &request);
    }

    let duplicates: u64 = collectors
        .iter()
        .map(|collector| {
            let share = u64::try_from(collector.webhook.count()).unwrap();
            let name = "wasmcustom.freshpaint_webhooks.events.type.track.outcome.duplicate";
            collector
                .envoy
                .wait_for_stat(name, share, PATIENCE)
                .unwrap();
            share
        })
        .sum();
    assert_eq!(duplicates, u64::try_from(IDS).unwrap());
}

#[test]
fn a_request_without_events_passes_through_without_a_trace_and_without_a_limit() {
    let (collectors, front) = fleet::<2>();
    // Larger than the front's buffers.
    let large = format!(
        r#"{{"anonymousId":"ada","filling":"{}"}}"#,
        "x".repeat(5 << 20)
    );
    let small = r#"{"anonymousId":"ada"}"#.to_owned();
    for body in [&small, &large] {
        let upload = Request::post("/upload", body.as_str()).header("x-fleet-key", "forged");
        send(&front, &upload);
    }
    let chunked = Request::post("/upload", large.as_str()).chunked(65536);
    send(&front, &chunked);

    let mut arrived: Vec<_> = collectors.iter().flat_map(|c| c.app.requests()).collect();
    arrived.sort_by_key(|request| request.body.len());
    let lengths: Vec<_> = arrived.iter().map(|request| request.body.len()).collect();
    assert_eq!(lengths, [small.len(), large.len(), large.len()]);
    for request in &arrived {
        assert_eq!(request.header("x-fleet-key"), None);
        assert_eq!(request.header("x-request-id"), None);
        // The client's address, which the front adds, and the front's own.
        let addresses = request.header("x-forwarded-for").unwrap();
        assert_eq!(addresses.split(',').count(), 2, "{addresses}");
    }
}

#[test]
fn the_users_of_a_collector_that_is_gone_go_to_another() {
    let ([lost, kept], front) = fleet::<2>();
    drop(lost.envoy);
    let users: Vec<_> = (0..IDS).map(|n| format!("user-{n}")).collect();
    for user in &users {
        let [request, ..] = of_four_sdks(user);
        send(&front, &request);
    }
    let wanted: Vec<_> = users.iter().map(|user| format!("{user}-0")).collect();
    assert_eq!(kept.delivered(), wanted);
    assert_eq!(lost.webhook.count(), 0);
}
