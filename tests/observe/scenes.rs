//! Faults, and the alerts that each should raise.

use crate::bed::{track, webhook, Bed};
use freshpaint_harness::envoy::{faulty_module, FAULT_HEADER};
use freshpaint_harness::receiver::status;
use freshpaint_harness::{Config, Connection, Plugin, Reply, Request};
use serde_json::{json, Value};
use std::thread;
use std::time::Duration;

/// One fault, on an Envoy of its own.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// The parts that it needs beyond two webhooks.
    pub(crate) setup: fn(&mut Config, &mut Value),
    /// Breaks something.
    pub(crate) fault: fn(&Bed),
    /// The requests of every second as long as the fault goes on.
    pub(crate) again: fn(&Bed),
    /// These alerts and no other, sorted.
    pub(crate) raises: &'static [&'static str],
}

const fn scene(name: &'static str, fault: fn(&Bed), raises: &'static [&'static str]) -> Scene {
    Scene {
        name,
        setup: |_, _| {},
        fault,
        again: |_| {},
        raises,
    }
}

impl Scene {
    const fn with(mut self, setup: fn(&mut Config, &mut Value)) -> Self {
        self.setup = setup;
        self
    }

    const fn and_again(mut self, again: fn(&Bed)) -> Self {
        self.again = again;
        self
    }
}

const CRM_FAILS: &[&str] = &["FreshpaintWebhookFailing crm"];

const BOTH_FAIL: &[&str] = &[
    "FreshpaintNothingDelivered",
    "FreshpaintWebhookFailing crm",
    "FreshpaintWebhookFailing warehouse",
];

/// One for each alert at least.
pub(crate) const SHORT: &[Scene] = &[
    scene("nothing is broken", everyday, &[]).and_again(everyday),
    scene(
        "500 beside a live one",
        |it| it.crm.set(status(500)),
        CRM_FAILS,
    ),
    scene(
        "403 beside a live one",
        |it| it.crm.set(status(403)),
        CRM_FAILS,
    ),
    scene(
        "hung beside a live one",
        |it| it.crm.set(Reply::silence()),
        CRM_FAILS,
    ),
    scene(
        "both dead",
        |it| {
            [&it.crm, &it.warehouse]
                .into_iter()
                .for_each(|it| it.close())
        },
        BOTH_FAIL,
    ),
    scene(
        "one event that nobody takes",
        |it| {
            it.refuse_poison(500);
            it.send("poison");
        },
        &["FreshpaintHeldTooLong"],
    )
    // Half of it passes while the fault goes on, and not all.
    .with(|_, plugin| plugin["retry"]["window"] = json!("44s")),
    scene(
        "one event that nobody takes in time",
        |it| {
            it.refuse_poison(500);
            it.send("poison");
        },
        &["FreshpaintEventsGivenUp expired"],
    )
    .with(|_, plugin| plugin["retry"]["window"] = json!("2s")),
    scene(
        "no room",
        |it| it.both(|| status(500).into()),
        &[
            "FreshpaintEventsGivenUp no_room",
            "FreshpaintHeldAlmostFull",
            "FreshpaintNothingDelivered",
            "FreshpaintWebhookFailing crm",
            "FreshpaintWebhookFailing warehouse",
        ],
    )
    .with(|_, plugin| plugin["retry"]["max_held_events"] = json!(10)),
    scene(
        "events that all refuse",
        poison,
        &["FreshpaintEventsGivenUp refused"],
    )
    .and_again(poison),
    scene(
        "events for the dead letter",
        poison,
        &["FreshpaintDeadLetters refused"],
    )
    .with(dead_letter)
    .and_again(poison),
    scene(
        "a dead letter that fails too",
        |it| {
            it.dead.set(status(422));
            poison(it);
        },
        &[
            "FreshpaintDeadLetters refused",
            "FreshpaintEventsGivenUp lost",
            "FreshpaintWebhookFailing dead",
        ],
    )
    .with(dead_letter)
    .and_again(poison),
    scene("a VM dies", crash, &["FreshpaintVmReloaded"])
        .with(|config, _| config.module = Some(faulty_module().into())),
    scene(
        "a wrong configuration",
        |it| {
            let plugin = Plugin::Struct(json!({"webhooks": []}));
            let wrong = Config {
                plugin,
                ..it.config.clone()
            };
            it.envoy.update(&wrong).unwrap();
        },
        &["FreshpaintConfigurationRejected"],
    ),
    scene(
        "a burst over the breaker",
        burst,
        &["FreshpaintPendingOverflow crm"],
    )
    .with(|config, _| config.clusters[0].breaker = Some(8)),
];

/// The other faults of `make faults`.
pub(crate) const LONG: &[Scene] = &[
    scene(
        "slow",
        |it| it.both(|| status(202).after(ms(300)).into()),
        &[],
    ),
    scene(
        "late",
        |it| it.both(|| status(200).after(ms(1_500)).into()),
        BOTH_FAIL,
    ),
    scene("both hung", |it| it.both(Reply::silence), BOTH_FAIL),
    scene(
        "resetting",
        |it| it.both(Reply::reset_before_headers),
        BOTH_FAIL,
    ),
    scene(
        "resetting beside a live one",
        |it| it.crm.set(Reply::reset_after_headers()),
        CRM_FAILS,
    ),
    scene("half an answer", |it| it.both(Reply::partial), BOTH_FAIL),
    scene("no HTTP", |it| it.both(Reply::garbage), BOTH_FAIL),
    scene("an endless answer", |it| it.both(Reply::drip), BOTH_FAIL),
    scene(
        "redirecting",
        |it| it.both(|| status(301).into()),
        BOTH_FAIL,
    ),
    scene(
        "unauthorised",
        |it| it.both(|| status(401).into()),
        BOTH_FAIL,
    ),
    scene("dead beside a live one", |it| it.crm.close(), CRM_FAILS),
    scene(
        "rate-limiting",
        |it| {
            it.crm.decide(|_, before| match before % 4 {
                0 => status(200),
                _ => status(429).header("retry-after", "1"),
            });
        },
        CRM_FAILS,
    ),
    scene(
        "a tenth of the calls fail",
        |it| {
            it.crm
                .decide(|_, before| status(if before % 10 == 0 { 502 } else { 200 }))
        },
        &[],
    ),
    scene(
        "no room, and a dead letter",
        |it| it.both(|| status(500).into()),
        &[
            "FreshpaintDeadLetters no_room",
            "FreshpaintHeldAlmostFull",
            "FreshpaintNothingDelivered",
            "FreshpaintWebhookFailing crm",
            "FreshpaintWebhookFailing warehouse",
        ],
    )
    .with(|config, plugin| {
        dead_letter(config, plugin);
        plugin["retry"]["max_held_events"] = json!(10);
    }),
    scene(
        "a change of the configuration",
        |it| {
            let mut config = it.config.clone();
            let Plugin::Struct(plugin) = &mut config.plugin else {
                return;
            };
            plugin["webhooks"][1]["timeout"] = json!("0.5s");
            it.envoy.update(&config).unwrap();
        },
        &[],
    ),
];

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn dead_letter(_: &mut Config, plugin: &mut Value) {
    plugin["dead_letter"] = json!("dead");
    plugin["webhooks"]
        .as_array_mut()
        .unwrap()
        .push(webhook("dead"));
}

/// The traffic of a day on which all is well.
fn everyday(bed: &Bed) {
    bed.crm.set(status(200).after(ms(200)));
    bed.send("denied");
    for _ in 0..2 {
        bed.request(&track("sent again", "the-same-id"));
    }
    bed.request(&Request::post("/track", "{}"));
    bed.request(&track("$identify", "an identify event"));
    // A client that hangs up before its answer.
    let hasty = Connection::open(bed.envoy.address()).and_then(|mut connection| {
        connection.send(&track("hasty", "hasty").to_bytes())?;
        connection.reset()
    });
    hasty.unwrap();
}

/// An event that both webhooks refuse for good.
fn poison(bed: &Bed) {
    bed.refuse_poison(422);
    bed.send("poison");
}

fn crash(bed: &Bed) {
    let fatal = track("fatal", "fatal").header(FAULT_HEADER, "stream");
    bed.request(&fatal);
}

/// Many requests at once, to a webhook that takes its time: so much that they all meet there.
fn burst(bed: &Bed) {
    bed.crm.set(status(200).after(ms(500)));
    thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| bed.send("burst"));
        }
    });
}
