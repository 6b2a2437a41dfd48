//! Webhooks that break HTTP/2, each in its own way and all at a time, beside one that does its
//! part.

use crate::bed::Bed;
use crate::good_client::{event, id};
use crate::h2_webhook::{Mood, Webhook, DELIVERED};
use crate::http1::at_rate;
use crate::moods::MOODS;
use crate::table::{Case, Measures};
use freshpaint_harness::shipped::Shipped;
use freshpaint_harness::wait::poll;
use freshpaint_harness::Request;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Events that all of them get.
const EVENTS: usize = 20;
/// More than the 5 s of a call, and than its retries wait.
const PATIENCE: Duration = Duration::from_secs(20);
const OUTCOMES: [&str; 5] = [DELIVERED, "rejected", "timeout", "unreachable", "not_sent"];

pub(crate) const IN_EVERY_WAY: Case = Case {
    name: "webhooks that break HTTP/2 in every way at once",
    in_short: false,
    run: |plan| {
        let webhooks: Vec<_> = MOODS.iter().map(Webhook::start).collect();
        let bed = Bed::shipped(1, |shipped| lead_to(shipped, &webhooks));
        let mut ids = Vec::new();
        let time = plan.lasts(2);
        let ((refused, attempts), seen) = bed.beside(|| {
            let events = at_rate(bed.address(), EVENTS, time, PATIENCE, |_| {
                let request = misbehaved(&event());
                ids.push(id(&request));
                request.to_bytes()
            });
            let refused = events.iter().filter(|one| one.status != Some(200)).count();
            // Counts of the module reach Envoy within a second.
            let is_counted = poll(PATIENCE, || {
                let attempts = attempts(&bed);
                let ended = |webhook: &Webhook| {
                    let outcomes = &attempts[webhook.mood.name];
                    outcomes.values().sum::<u64>() >= EVENTS as u64
                };
                webhooks.iter().all(ended).then_some(())
            });
            (refused + usize::from(is_counted.is_none()), attempts(&bed))
        });
        let mut measures = bed.judge(&seen);
        measures.none("events not taken, or calls without an end", refused);
        let other = webhooks.iter().map(|webhook| {
            let Mood { name, outcome, .. } = webhook.mood;
            let all = &attempts[name];
            let other = all.iter().filter(|(found, _)| *found != outcome);
            let count: u64 = other.map(|(_, count)| count).sum();
            if count > 0 {
                println!("{name} is to end as {outcome}: {all:?}");
            }
            count as usize
        });
        measures.none("other outcomes than the manual's", other.sum());
        recover(&webhooks, &ids, &mut measures);
        measures
    },
};

/// All of them behave from now on: events that they have not accepted come again.
fn recover(webhooks: &[Webhook], ids: &[String], measures: &mut Measures) {
    for webhook in webhooks {
        webhook.behave();
    }
    let missing = |webhook: &Webhook| {
        let missing = ids.iter().filter(|id| !webhook.accepted.has(id));
        missing.count()
    };
    let _ = poll(PATIENCE, || {
        (webhooks.iter().map(missing).sum::<usize>() == 0).then_some(())
    });
    for webhook in webhooks.iter().filter(|webhook| missing(webhook) > 0) {
        println!("{} lacks {}", webhook.mood.name, missing(webhook));
    }
    measures.none("lost", webhooks.iter().map(missing).sum());
    let doubled = webhooks.iter().map(|webhook| webhook.accepted.doubled());
    measures.none("doubled", doubled.sum());
}

/// A cluster of HTTP/2 and a webhook for each, which is owed every event that misbehaviour is
/// tried with.
fn lead_to(shipped: &mut Shipped, webhooks: &[Webhook]) {
    let model = shipped.cluster("crm").unwrap().clone();
    for webhook in webhooks {
        let mut cluster = model.clone();
        let name = webhook.mood.name;
        cluster["name"] = json!(name);
        cluster["load_assignment"]["cluster_name"] = json!(name);
        let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
        let options = &mut cluster["typed_extension_protocol_options"][options];
        // As the comment of the file says.
        options["explicit_http_config"] = json!({"http2_protocol_options": {
            "connection_keepalive": {"interval": "30s", "timeout": "5s"},
        }});
        shipped.clusters().unwrap().push(cluster);
        shipped.lead(name, webhook.address).unwrap();
    }
    let plugin = shipped.configuration().unwrap();
    let mut all =
        vec![json!({"name": "warehouse", "url": "http://warehouse/in", "cluster": "warehouse"})];
    all.extend(webhooks.iter().map(|webhook| {
        let name = webhook.mood.name;
        json!({
            "name": name, "url": format!("http://{name}/in"), "cluster": name,
            "guarantee": "each", "events": {"allow": ["Misbehaved"]},
        })
    }));
    plugin["webhooks"] = Value::from(all);
    plugin["retry"] = json!({"initial_backoff": "0.2s", "max_backoff": "1s"});
}

/// The same event under the name that those webhooks get.
fn misbehaved(event: &Request) -> Request {
    let body = String::from_utf8_lossy(&event.body);
    Request::post("/track", body.replace("Signed Up", "Misbehaved"))
}

/// How the calls to each webhook have ended so far, without those that never did.
fn attempts(bed: &Bed) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
    let metrics = bed.envoy.metrics().unwrap();
    let of = |name: &'static str| {
        let counts = OUTCOMES.map(|outcome| {
            let prefix = format!("attempts.webhook.{name}.outcome.{outcome}.");
            let all = metrics
                .iter()
                .filter(|(metric, _)| metric.starts_with(&prefix));
            (outcome, all.map(|(_, count)| count).sum())
        });
        (
            name,
            counts.into_iter().filter(|(_, count)| *count > 0).collect(),
        )
    };
    MOODS.iter().map(|mood| of(mood.name)).collect()
}
