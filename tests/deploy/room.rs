//! Large requests under the platforms' own limits: 32 KiB a connection, 64 KiB a stream of HTTP/2.

use crate::bed::{batch, Bed, Make};
use crate::gateway::{self, Names};
use crate::istio::{self, Module, Profile};
use freshpaint_harness::H2Connection;

/// The replies to half a megabyte in 20 events, over HTTP/1.1 and HTTP/2.
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
        assert_eq!(bed.crm.count(), 20, "{}", answer.text());
        answer.status
    })
}

/// The module gathers bodies itself: it wants no room of the listener's.
#[track_caller]
fn assert_taken(make: Make<'_>) {
    assert_eq!(statuses(make), [200, 200]);
}

#[test]
fn envoy_gateway_takes_them_as_it_is() {
    assert_taken(&|place| gateway::whole(place, Names::V1));
}

#[test]
fn istio_takes_them_as_it_is() {
    assert_taken(&|place| istio::whole(place, Profile::Default, Module::Fetched));
}

#[test]
fn istio_takes_them_with_the_profile_edge() {
    assert_taken(&|place| istio::whole(place, Profile::Edge, Module::Fetched));
}
