//! Large requests under the platforms' own limits: 32 KiB a connection, 64 KiB a stream of HTTP/2.

use crate::bed::{batch, Bed, Make};
use crate::gateway::{self, Names};
use crate::istio::{self, Module, Profile};
use freshpaint_harness::H2Connection;

/// What half a megabyte in 20 events gets, over HTTP/1.1 and HTTP/2. Whatever is refused has
/// delivered nothing.
fn statuses(make: Make<'_>) -> [u16; 2] {
    [false, true].map(|http2| {
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
        let delivered = if answer.status == 200 { 20 } else { 0 };
        assert_eq!(bed.crm.count(), delivered, "{}", answer.status);
        answer.status
    })
}

/// Small buffers are in the way of a module that has Envoy gather bodies, and of no other.
#[track_caller]
fn assert_taken_or_too_large(statuses: [u16; 2]) {
    assert!(matches!(statuses, [200, 200] | [413, 413]), "{statuses:?}");
}

#[test]
fn envoy_gateway_takes_them_with_the_policy() {
    assert_eq!(
        statuses(&|place| gateway::whole(place, Names::V1, true)),
        [200, 200]
    );
}

#[test]
fn envoy_gateway_without_the_policy_takes_them_whole_or_not_at_all() {
    assert_taken_or_too_large(statuses(&|place| gateway::whole(place, Names::V1, false)));
}

#[test]
fn istio_takes_them_as_it_is() {
    assert_eq!(
        statuses(&|place| istio::whole(place, Profile::Default, Module::Fetched)),
        [200, 200]
    );
}

#[test]
fn istio_with_the_profile_edge_takes_them_whole_or_not_at_all() {
    assert_taken_or_too_large(statuses(&|place| {
        istio::whole(place, Profile::Edge, Module::Fetched)
    }));
}
