//! A webhook whose name has an IPv6 address that nobody can reach from here, and an IPv4 one.

use crate::bed::{batch, Bed, Make};
use crate::gateway::{self, Names};
use crate::istio::{self, Module, Profile};
use freshpaint_harness::envoy::Whole;
use serde_json::json;

fn on_each_platform(change: fn(&mut Whole)) -> Vec<u16> {
    let platforms: [Make<'_>; 2] = [&|place| gateway::whole(place, Names::V1), &|place| {
        istio::whole(place, Profile::Default, Module::Fetched)
    }];
    let answered = platforms.iter().map(|make| {
        let bed = Bed::start(&|place| {
            let mut whole = make(place);
            change(&mut whole);
            whole
        });
        let answer = batch(1, 1).send(bed.envoy.address()).unwrap();
        assert_eq!(bed.crm.count() > 0, answer.status == 200);
        answer.status
    });
    answered.collect()
}

#[test]
fn a_name_with_a_dead_ipv6_address_is_reached_over_ipv4() {
    assert_eq!(on_each_platform(|_| ()), [200, 200]);
}

/// So that it is the manifests' setting that the test above shows, and not the machine.
#[test]
fn with_envoys_own_choice_of_the_family_it_is_not_reached() {
    let statuses = on_each_platform(|whole| {
        for cluster in whole.bootstrap["static_resources"]["clusters"]
            .as_array_mut()
            .unwrap()
        {
            cluster["dns_lookup_family"] = json!("AUTO");
        }
    });
    assert_eq!(statuses, [503, 503]);
}
