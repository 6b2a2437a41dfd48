//! A configuration that is replaced over and over, while events come.

use crate::bed::no_vm_failed;
use crate::good_client::event;
use crate::table::{Case, Measures};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Receiver};
use serde_json::{json, Value};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// By then every place that is used again has been used.
const WARM: u64 = 20;
/// The memory that a replacement may leave behind on average. Envoy keeps 1 to 2 KiB, a quarter of
/// them also without a module.
const MOST_KIB: f64 = 5.0;

pub(crate) const REPLACED: Case = Case {
    name: "the configuration replaced over and over, an event each",
    in_short: false,
    run: |plan| {
        let receiver = Receiver::start().unwrap();
        receiver.stop_recording();
        let mut config = Config {
            clusters: vec![Cluster::new("crm", receiver.address())],
            plugin: plugin(0),
            file_lds: true,
            ..Config::default()
        };
        let envoy = Envoy::start(&config).unwrap_or_else(|error| panic!("{error:#}"));
        let count = plan.either(120, 30);
        let mut lost = 0;
        let mut replace = |from: u64, to: u64| {
            for number in from..to {
                config.plugin = plugin(number);
                envoy.update(&config).unwrap();
                envoy
                    .wait_for_stat("listener_manager.lds.update_success", number + 1, PATIENCE)
                    .unwrap();
                let answer = event().send(envoy.address());
                lost += usize::from(answer.is_ok_and(|answer| answer.status != 200));
            }
            allocated(&envoy)
        };
        let before = replace(1, WARM);
        let after = replace(WARM, WARM + count);
        let grown = (after as f64 - before as f64) / 1024.0 / count as f64;
        let mut measures = Measures::default();
        measures.none("events not taken", lost);
        measures.at_most("left behind by each", grown, MOST_KIB, "KiB");
        no_vm_failed(&envoy, &mut measures);
        measures
    },
};

/// Each differs from all others.
fn plugin(number: u64) -> Plugin {
    let webhook: Value = json!({
        "name": "crm", "url": format!("http://crm.test/{number:04}"), "cluster": "crm",
    });
    // So small that the events of this case add next to nothing to it.
    Plugin::Struct(json!({"webhooks": [webhook], "dedupe": {"slots": 1_024}}))
}

/// Bytes that Envoy has allocated once the listeners that were replaced are gone.
pub(super) fn allocated(envoy: &Envoy) -> u64 {
    for what in ["listeners", "filter_chains"] {
        let stat = format!("listener_manager.total_{what}_draining");
        envoy.wait_for_stat(&stat, 0, PATIENCE).unwrap();
    }
    let mut least = u64::MAX;
    // The parts of a listener end in one of the next turns of each loop.
    let _ = poll(Duration::from_secs(2), || {
        let memory: Value = serde_json::from_str(&envoy.ask_admin("/memory").ok()?).ok()?;
        let now = memory["allocated"].as_str()?.parse().ok()?;
        least = least.min(now);
        None::<()>
    });
    least
}
