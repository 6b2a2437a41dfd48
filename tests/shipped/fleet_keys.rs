//! How the front of a fleet reads requests: as the collectors do, in every encoding.

use crate::fleet::{fleet, front, Collector, IDS};
use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::Compression;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{H2Connection, Request, Response};
use serde_json::{json, Value};
use std::io::Write;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn gzip(body: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(body.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn event(user: &str, id: &str) -> Value {
    json!({
        "type": "track", "event": "a", "anonymousId": user, "messageId": id,
        "timestamp": "2022-12-28T21:16:50Z",
    })
}

/// One event of `user` in all the ways in which it may be sent again.
fn the_same_again(user: &str) -> Vec<Request> {
    let id = format!("m-{user}");
    let one = event(user, &id);
    let alone = json!({"batch": [one]}).to_string();
    let mut late = vec![one.clone()];
    // Of the same user; the collectors have seen none of them.
    late.extend((0..20).map(|n| event(user, &format!("{id}-{n}"))));
    late.reverse();
    let regrouped = json!({"batch": late}).to_string();
    // The first element is no event.
    let after_others = json!({"batch": [{"type": "alias", "userId": "x"}, {"type": 1}, one]});
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, alone.as_bytes());
    let post = |body: &[u8]| Request::post("/v1/batch", body);
    vec![
        post(alone.as_bytes()),
        post(&gzip(&alone)).header("content-encoding", "gzip"),
        // Some SDKs do not say so.
        post(&gzip(&alone)).header("content-type", "text/plain"),
        post(alone.as_bytes()).chunked(40),
        post(&gzip(&alone)).chunked(40).trailer("x-sum", "1"),
        post(base64.as_bytes()),
        post(gzip(&regrouped).as_slice()).header("content-encoding", "gzip"),
        post(after_others.to_string().as_bytes()),
        Request::post("/v1/t", one.to_string()).header("x-fleet-key", "of-the-client"),
    ]
}

#[test]
fn an_event_that_is_sent_again_in_another_shape_is_recognised() {
    let (collectors, front) = fleet::<3>();
    let mut sent = 0;
    for user in 0..IDS {
        let requests = the_same_again(&format!("user-{user}"));
        let connection = H2Connection::open(front.address()).unwrap();
        sent = 0;
        for request in requests {
            for answer in [
                request.send(front.address()).unwrap(),
                connection.request(&request).unwrap(),
            ] {
                assert_eq!(answer.status, 200, "{}\n{}", answer.text(), front.log());
                sent += 1;
            }
        }
    }
    // Each event once, and twenty more of each user in the request that groups it anew.
    let counts = collectors.each_ref().map(|it| it.webhook.count());
    assert_eq!(counts.iter().sum::<usize>(), 21 * IDS, "{counts:?}");
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    let name = "wasmcustom.freshpaint_webhooks.events.type.track.outcome.duplicate";
    let wanted = u64::try_from(((sent - 1) + 20) * IDS).unwrap();
    let duplicates = || -> u64 {
        let each = collectors.iter().map(|it| it.envoy.stat(name).unwrap_or(0));
        each.sum()
    };
    poll(PATIENCE, || (duplicates() == wanted).then_some(()))
        .unwrap_or_else(|| panic!("{} and not {wanted}", duplicates()));
}

/// SDKs in browsers send this when a page closes: the event is in the path.
#[test]
fn the_event_of_a_pixel_is_read_too() {
    let (collectors, front) = fleet::<2>();
    for user in 0..IDS {
        let event = json!({"event": "a", "properties": {
            "distinct_id": format!("user-{user}"), "$insert_id": "i", "time": 1672262210,
        }});
        let body = event.to_string();
        let data = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE, body.as_bytes());
        for request in [
            Request::get(&format!("/track/?data={data}")),
            Request::post("/track/", body),
        ] {
            let answer = request.send(front.address()).unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    let counts = collectors.each_ref().map(|it| it.webhook.count());
    assert_eq!(counts.iter().sum::<usize>(), IDS, "{counts:?}");
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

/// The collectors answer what cannot be read, and all of one client's goes to one of them.
#[test]
fn a_request_that_cannot_be_read_goes_by_the_address_of_its_client() {
    let (collectors, front) = fleet::<2>();
    for n in 0..IDS {
        let body = json!({"batch": [event(&format!("user-{n}"), &format!("m-{n}"))]}).to_string();
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflated.write_all(body.as_bytes()).unwrap();
        let deflated = deflated.finish().unwrap();
        let mut damaged = gzip(&body);
        damaged.truncate(damaged.len() / 2);
        let large = format!(
            r#"{{"anonymousId":"user-{n}","filling":"{}""#,
            "x".repeat(1 << 20)
        );
        for (request, status) in [
            (
                Request::post("/v1/batch", deflated).header("content-encoding", "deflate"),
                415,
            ),
            (Request::post("/v1/batch", damaged), 400),
            (Request::post("/v1/batch", body.trim_end_matches('}')), 400),
            (Request::post("/v1/batch", "{}"), 400),
            (Request::post("/v1/batch", large.as_str()), 413),
            (Request::post("/v1/batch", large).chunked(1 << 16), 413),
            (Request::post("/v1/batch", ""), 400),
        ] {
            let answer: Response = request.send(front.address()).unwrap();
            assert_eq!(answer.status, status, "{}", answer.text());
        }
    }
    let name = "wasmcustom.freshpaint_webhooks.requests.outcome.refused";
    let refused = || {
        let mut counts = collectors
            .each_ref()
            .map(|it| it.envoy.stat(name).unwrap_or(0));
        counts.sort_unstable();
        counts
    };
    let wanted = [0, u64::try_from(7 * IDS).unwrap()];
    poll(PATIENCE, || (refused() == wanted).then_some(()))
        .unwrap_or_else(|| panic!("{:?} and not {wanted:?}", refused()));
}

#[test]
fn a_body_of_almost_the_limit_is_waited_for_and_passed_on_as_it_came() {
    let (collectors, front) = fleet::<2>();
    let mut properties = Vec::new();
    for n in 0..30 {
        let mut one = event("ada", &format!("m-{n}"));
        one["properties"] = json!({"filling": "x".repeat(30_000)});
        properties.push(one);
    }
    let body = json!({"batch": properties}).to_string();
    let slow = Request::post("/v1/batch", body.as_str()).chunked(10_000);
    let connection = H2Connection::open(front.address()).unwrap();
    for answer in [
        slow.send(front.address()).unwrap(),
        connection.request(&slow).unwrap(),
    ] {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mut counts = collectors.each_ref().map(|it| it.webhook.count());
    counts.sort_unstable();
    assert_eq!(counts, [0, 30]);
}

/// As under a control plane that does not know the setting.
#[test]
fn a_front_that_is_given_no_bodies_lets_requests_pass_and_says_what_to_set() {
    let collectors = [Collector::start(), Collector::start()];
    let front = front(&collectors, |shipped| {
        let plugin = shipped.plugin().unwrap().as_object_mut().unwrap();
        plugin.remove("allow_on_headers_stop_iteration").unwrap();
    });
    for user in 0..IDS {
        let body = json!({"batch": [event(&format!("user-{user}"), &format!("m-{user}"))]});
        let answer = Request::post("/v1/batch", body.to_string())
            .send(front.address())
            .unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mut counts = collectors.each_ref().map(|it| it.webhook.count());
    counts.sort_unstable();
    assert_eq!(counts, [0, IDS]);
    let said = "so requests go by their client's address";
    assert_eq!(front.log().matches(said).count(), 1, "{}", front.log());
}

/// Past `max_waiting_bytes` nobody waits, so that the memory of Envoy stays bounded.
#[test]
fn bodies_that_would_take_too_much_memory_are_not_waited_for() {
    let collectors = [Collector::start(), Collector::start()];
    let front = front(&collectors, |shipped| {
        shipped.configuration().unwrap()["front"] = json!({"max_waiting_bytes": 65_536});
    });
    for user in 0..IDS {
        let mut one = event(&format!("user-{user}"), &format!("m-{user}"));
        one["properties"] = json!({"filling": "x".repeat(70_000 * (user % 2))});
        let answer = Request::post("/v1/t", one.to_string())
            .send(front.address())
            .unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let large = |it: &Collector| {
        let requests = it.webhook.requests();
        requests.iter().filter(|r| r.body.len() > 65_536).count()
    };
    let mut counts = collectors.each_ref().map(large);
    counts.sort_unstable();
    assert_eq!(counts, [0, IDS / 2]);
    assert!(collectors.iter().all(|it| it.webhook.count() > large(it)));
}
