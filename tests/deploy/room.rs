//! Large requests under the platforms' own limits, of 32 KiB a connection and 64 KiB a stream and more:
//! no policy has to raise them, because the module gathers a body itself.

use crate::bed::{batch, Bed, Make};
use crate::gateway::{self, Names};
use crate::istio::{self, Module, Profile};
use freshpaint_harness::H2Connection;

/// Half a megabyte, in 20 events, over HTTP/1.1 and HTTP/2.
fn assert_taken(make: Make<'_>) {
    for http2 in [false, true] {
        let bed = Bed::start(make);
        let request = batch(20, 25_000);
        assert!(request.body.len() > 500_000);
        let answer = if http2 {
            let connection = H2Connection::open(bed.envoy.address()).unwrap();
            connection.request(&request)
        } else {
            request.send(bed.envoy.address())
        };
        let answer = answer.unwrap_or_else(|error| panic!("{error:#}\n{}", bed.envoy.log()));
        assert_eq!(answer.status, 200, "HTTP/2: {http2}: {}", answer.text());
        assert_eq!(bed.crm.count(), 20);
    }
}

#[test]
fn envoy_gateway_takes_them() {
    assert_taken(&|place| gateway::whole(place, Names::V1));
}

#[test]
fn istio_takes_them() {
    assert_taken(&|place| istio::whole(place, Profile::Default, Module::Fetched));
}

#[test]
fn istio_takes_them_with_the_small_buffers_of_its_profile_edge() {
    assert_taken(&|place| istio::whole(place, Profile::Edge, Module::Fetched));
}
