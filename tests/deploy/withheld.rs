//! An Envoy, or a control plane, that does not know `allow_on_headers_stop_iteration`.

use crate::bed::{batch, Bed};
use crate::istio::{self, Module, Profile};
use freshpaint_harness::envoy::Whole;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Connection, H2Connection, Request};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// Takes the setting away, as a control plane does that drops what it does not know.
fn forget_the_setting(folder: &Path) {
    let file = folder.join("extensions.json");
    let mut response: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let config = &mut response["resources"][0]["typed_config"]["config"];
    let removed = config
        .as_object_mut()
        .unwrap()
        .remove("allow_on_headers_stop_iteration");
    assert_eq!(removed, Some(true.into()));
    fs::write(&file, response.to_string()).unwrap();
}

fn bed() -> Bed {
    Bed::start(&|place| -> Whole {
        let whole = istio::whole(place, Profile::Default, Module::Fetched);
        forget_the_setting(place.folder);
        whole
    })
}

#[test]
fn every_collection_request_is_refused_and_the_log_says_what_to_set() {
    let bed = bed();
    let started = Instant::now();
    let request = batch(3, 10).header("origin", "https://shop.example.com");
    let first = request.send(bed.envoy.address()).unwrap();
    assert_eq!(first.status, 503, "{}", first.text());
    assert_eq!(first.header("retry-after"), Some("60"));
    assert!(first.header("access-control-allow-origin").is_some());
    assert!(first.text().contains("not set up to read request bodies"));
    assert!(started.elapsed() < PATIENCE);

    // It is known now, so that no request waits.
    let connection = H2Connection::open(bed.envoy.address()).unwrap();
    for answer in [
        request.send(bed.envoy.address()).unwrap(),
        connection.request(&request).unwrap(),
        connection.request(&batch(20, 25_000)).unwrap(),
    ] {
        assert_eq!(answer.status, 503);
    }
    let said = "allow_on_headers_stop_iteration: true";
    poll(PATIENCE, || bed.envoy.log().contains(said).then_some(())).expect("the line");
    assert_eq!(bed.envoy.log().matches(said).count(), 1);
    assert_eq!(bed.crm.count(), 0);
    // A request that is not ours is not touched by it.
    let answer = Request::post("/other", "body")
        .send(bed.envoy.address())
        .unwrap();
    assert_eq!(answer.status, 404);
}

/// A client that sends its head and takes its time is no reason to refuse it.
#[test]
fn with_the_setting_the_first_body_may_take_its_time() {
    let bed = Bed::start(&|place| istio::whole(place, Profile::Default, Module::Fetched));
    let bytes = batch(1, 10).to_bytes();
    let head = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let mut client = Connection::open(bed.envoy.address()).unwrap();
    client.send(&bytes[..head]).unwrap();
    assert!(client.response_within(Duration::from_secs(2)).is_err());
    client.send(&bytes[head..]).unwrap();
    assert_eq!(client.response().unwrap().status, 200);
}
