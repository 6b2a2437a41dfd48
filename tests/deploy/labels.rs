//! That the module's metrics have their labels on every platform.

use crate::bed::{batch, Bed, Make};
use crate::gateway::{self, Names};
use crate::istio::{self, Module, Profile};
use freshpaint_harness::prometheus::has_sample;
use freshpaint_harness::wait::poll;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

const WANTED: [&str; 5] = [
    r#"freshpaint_webhooks_events{type="track",outcome="accepted"} 1"#,
    r#"freshpaint_webhooks_deliveries{webhook="crm",outcome="delivered"} 1"#,
    r#"freshpaint_webhooks_latency_ms_count{webhook="crm"} 1"#,
    r#"freshpaint_webhooks_dead_letters{reason="expired"} 0"#,
    concat!(
        r#"freshpaint_webhooks_build_info{version=""#,
        env!("CARGO_PKG_VERSION"),
        r#""} 1"#
    ),
];

fn assert_labelled(make: Make<'_>) {
    let bed = Bed::start(make);
    let answer = batch(1, 1).send(bed.envoy.address()).unwrap();
    assert_eq!(answer.status, 200);
    let mut text = String::new();
    let found = poll(PATIENCE, || {
        text = bed.envoy.ask_admin("/stats/prometheus").ok()?;
        WANTED.iter().all(|it| has_sample(&text, it)).then_some(())
    });
    let ours: Vec<_> = text
        .lines()
        .filter(|it| it.contains("freshpaint"))
        .collect();
    assert!(found.is_some(), "{ours:#?}");
}

#[test]
fn on_envoy_gateway_they_come_from_the_bootstrap_of_the_proxy() {
    assert_labelled(&|place| gateway::whole(place, Names::V1));
}

#[test]
fn on_istio_they_come_from_what_is_merged_into_its_bootstrap() {
    assert_labelled(&|place| istio::whole(place, Profile::Default, Module::Fetched));
}
