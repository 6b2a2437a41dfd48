//! Large requests under the platforms' own limits.

use crate::bed::{batch, Bed, Make};
use crate::gateway::{self, Names};
use crate::istio::{self, Module, Profile};
use freshpaint_harness::H2Connection;

/// Whether a request has to fit into Envoy's buffers. `deploy/gateway/base/traffic.yaml` is there
/// for as long as it is true.
const ENVOY_BUFFERS: bool = true;

/// Half a megabyte, in 20 events.
fn statuses(make: Make<'_>) -> [u16; 2] {
    [false, true].map(|http2| {
        let bed = Bed::start(make);
        let request = batch(20, 25_000);
        assert!(request.body.len() > 500_000);
        let answer = if http2 {
            H2Connection::open(bed.envoy.address())
                .unwrap()
                .request(&request)
        } else {
            request.send(bed.envoy.address())
        };
        let status = answer
            .unwrap_or_else(|error| panic!("{error:#}\n{}", bed.envoy.log()))
            .status;
        assert_eq!(bed.crm.count(), if status == 200 { 20 } else { 0 });
        status
    })
}

#[test]
fn envoy_gateway_takes_them_with_the_policy() {
    assert_eq!(
        statuses(&|place| gateway::whole(place, Names::V1, true)),
        [200, 200]
    );
}

#[test]
fn envoy_gateway_takes_them_without_a_policy_only_if_no_buffer_of_envoys_is_in_the_way() {
    let expected = if ENVOY_BUFFERS {
        [413, 413]
    } else {
        [200, 200]
    };
    assert_eq!(
        statuses(&|place| gateway::whole(place, Names::V1, false)),
        expected
    );
}

#[test]
fn istio_takes_them_as_it_is() {
    assert_eq!(
        statuses(&|place| istio::whole(place, Profile::Default, Module::Fetched)),
        [200, 200]
    );
}

#[test]
fn istio_with_the_profile_edge_takes_them_only_if_no_buffer_of_envoys_is_in_the_way() {
    let expected = if ENVOY_BUFFERS {
        [413, 413]
    } else {
        [200, 200]
    };
    assert_eq!(
        statuses(&|place| istio::whole(place, Profile::Edge, Module::Fetched)),
        expected
    );
}
