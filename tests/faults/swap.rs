//! The plugin's configuration changes by file xDS while events are in flight and kept.

use crate::ledger::{Keeps, COLUMNS};
use crate::trial::{beside_others, plugin, Trial};
use crate::webhooks::{Way, FAILING, HANGING, HEALTHY, SLOW};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Config, Plugin};
use serde_json::json;
use std::thread;
use std::time::Duration;

const WORKERS: u32 = 4;
/// How the webhooks behave while one configuration replaces another.
const WAYS: [Way; 4] = [SLOW, FAILING, HANGING, FAILING];

/// A root logs this when it has been replaced and has finished its last event.
const DRAINED: &str = "this configuration has ended, nothing of it is in flight or kept";

#[test]
fn a_configuration_is_swapped_under_load() {
    let _turn = beside_others();
    let trial = Trial::start(WORKERS, |_| {});
    let clients = trial.clients("");
    let step = Duration::from_millis(1_500);
    thread::scope(|scope| {
        scope.spawn(|| clients.run(1_500, step * (WAYS.len() as u32 + 1)));
        for (index, way) in WAYS.into_iter().enumerate() {
            trial.turn([way, way]);
            thread::sleep(step / 2);
            let mut plugin = plugin();
            plugin["webhooks"][0]["headers"] = json!({"x-version": index.to_string()});
            trial
                .envoy
                .update(&Config {
                    plugin: Plugin::Struct(plugin),
                    ..trial.config.clone()
                })
                .unwrap();
            thread::sleep(step / 2);
        }
        trial.turn([HEALTHY, HEALTHY]);
    });
    trial.recover("", Keeps::WhatIsRead);
    trial.settle();

    println!("\n{} configurations one after the other", WAYS.len() + 1);
    println!("{COLUMNS}\n{}", trial.ledger.row(""));
    println!("{:?}", trial.envoy.metrics().unwrap());
    trial.assert_whole("");
    let updates = WAYS.len() as u64 + 1;
    let limit = Duration::from_secs(60);
    let envoy = &trial.envoy;
    envoy
        .wait_for_stat("listener_manager.lds.update_success", updates, limit)
        .unwrap();
    envoy
        .wait_for_stat("listener_manager.total_listeners_draining", 0, limit)
        .unwrap();
    let ended = || trial.envoy.log().matches(DRAINED).count();
    let all = WORKERS as usize * WAYS.len();
    assert!(
        poll(limit, || (ended() >= all).then_some(())).is_some(),
        "{} of {all} roots have ended",
        ended()
    );
}
