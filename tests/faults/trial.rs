//! A trial: an Envoy with the module, two webhooks, and the ledger that compares both sides.

use crate::clients::Clients;
use crate::ledger::{Answer, Keeps, Ledger, Row};
use crate::webhooks::{Way, Webhook, HEALTHY, TIMEOUT};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin};
use serde_json::{json, Value};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes once every webhook answers again: `retry.max_backoff` and some
/// rounds, on a machine that does much else.
pub(crate) const RECOVERY: Duration = Duration::from_secs(60);
/// And however much progress there is.
const MOST_RECOVERY: Duration = Duration::from_secs(600);

/// Events that one call carries to `cdp` at most.
const EVENTS_OF_A_CALL: usize = 10;

/// Events that one request of the last re-send carries.
const AGAIN: usize = 100;

static MACHINE: RwLock<()> = RwLock::new(());

/// A scenario that measures has the machine to itself.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// A scenario that mostly waits runs beside others.
pub(crate) fn beside_others() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Trial {
    pub(crate) envoy: Envoy,
    pub(crate) config: Config,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) webhooks: [Webhook; 2],
    /// Always healthy; the configuration may name it `dead_letter`.
    pub(crate) dead_letter: Webhook,
}

impl Trial {
    /// On this many workers, with whatever `change` does to the configuration.
    pub(crate) fn start(workers: u32, change: impl FnOnce(&mut Config)) -> Self {
        let ledger = Arc::default();
        let webhooks = [
            Webhook::start("crm", 0, &ledger),
            Webhook::start("cdp", 1, &ledger),
        ];
        let dead_letter = Webhook::start("dead", 2, &ledger);
        let clusters = webhooks
            .iter()
            .chain([&dead_letter])
            .map(|webhook| Cluster::new(webhook.name, webhook.receiver.address()));
        let mut config = Config {
            concurrency: workers,
            clusters: clusters.collect(),
            plugin: Plugin::Struct(plugin()),
            file_lds: true,
            drain_seconds: 2,
            ..Config::default()
        };
        change(&mut config);
        let envoy = Envoy::start(&config).unwrap_or_else(|error| panic!("{error:#}"));
        Self {
            envoy,
            config,
            ledger,
            webhooks,
            dead_letter,
        }
    }

    /// As [`Trial::start`], with these fields laid over the module's configuration.
    pub(crate) fn configured(workers: u32, fields: &Value) -> Self {
        let mut plugin = plugin();
        for (key, value) in fields.as_object().unwrap() {
            plugin[key] = value.clone();
        }
        Self::start(workers, |config| config.plugin = Plugin::Struct(plugin))
    }

    pub(crate) fn clients<'a>(&'a self, prefix: &'a str) -> Clients<'a> {
        Clients {
            to: self.envoy.address(),
            ledger: &self.ledger,
            prefix,
            patience: Duration::from_secs(28),
            threads: 48,
        }
    }

    pub(crate) fn turn(&self, ways: [Way; 2]) {
        for (webhook, way) in self.webhooks.iter().zip(ways) {
            webhook.turn(way);
        }
    }

    /// Lets every webhook work again, sends what was not taken, and waits until everything has
    /// arrived.
    pub(crate) fn recover(&self, prefix: &str, keeps: Keeps) {
        self.turn([HEALTHY; 2]);
        let clients = self.clients(prefix);
        let all_sent = look(|| {
            let left = self.ledger.to_send_again(prefix, keeps);
            let again = left.chunks(AGAIN).map(|ids| clients.send(ids));
            again
                .fold(true, |all, answer| all & (answer == Answer::Success))
                .then_some(())
        });
        // As long as there is progress: tens of thousands take a busy machine minutes.
        let (began, mut left) = (Instant::now(), usize::MAX);
        let arrived = loop {
            if began.elapsed() > MOST_RECOVERY {
                break None;
            }
            let fewer = look(|| {
                let row = self.ledger.row(prefix);
                Some(row.lost + row.missing).filter(|now| *now < left)
            });
            match fewer {
                Some(0) => break Some(()),
                Some(now) => left = now,
                None => break None,
            }
        };
        if all_sent.and(arrived).is_none() {
            println!(
                "after {RECOVERY:?}:\n{}\n{:?}",
                self.ledger.suspects(prefix),
                self.envoy.metrics()
            );
        }
    }

    /// Waits for what may still come although it should not.
    pub(crate) fn settle(&self) {
        // The longest backoff, and an attempt.
        thread::sleep(Duration::from_secs(1) + TIMEOUT);
    }

    /// Fails unless nothing was lost and nothing doubled.
    #[track_caller]
    pub(crate) fn assert_whole(&self, prefix: &str) -> Row {
        self.assert_doubled_at_most(prefix, 0)
    }

    /// As [`Trial::assert_whole`], where webhooks that do their part have so much to do that a busy
    /// machine makes them late: each call that has timed out may come again.
    #[track_caller]
    pub(crate) fn assert_whole_but_for_late_calls(&self) -> Row {
        let metrics = self.envoy.metrics().unwrap();
        let late = |webhook: &str| {
            let name = format!("attempts.webhook.{webhook}.outcome.timeout.status_class.none");
            metrics.get(&name).copied().unwrap_or(0) as usize
        };
        self.assert_doubled_at_most("", late("crm") + EVENTS_OF_A_CALL * late("cdp"))
    }

    #[track_caller]
    fn assert_doubled_at_most(&self, prefix: &str, most: usize) -> Row {
        let row = self.ledger.row(prefix);
        assert!(
            row.sent > 0 && row.lost + row.missing == 0 && row.doubled <= most,
            "{prefix}\n{}\n{row}\n{}\n{:?}\n{}",
            crate::ledger::COLUMNS,
            self.ledger.suspects(prefix),
            self.envoy.metrics(),
            last_lines(&self.envoy.log()),
        );
        row
    }

    /// Fails if a VM has failed, which no fault outside may bring about.
    #[track_caller]
    pub(crate) fn assert_no_vm_died(&self) {
        let log = self.envoy.log();
        assert!(!log.contains("panicked"), "{log}");
    }

    /// Resident memory of Envoy, in MiB.
    pub(crate) fn resident_mib(&self) -> u64 {
        self.envoy.resident_bytes().unwrap() >> 20
    }
}

/// Looks into the ledger until `probe` gives something, at most for [`RECOVERY`]. The webhooks wait
/// while somebody looks at tens of thousands of events, so that most of the time nobody does.
pub(crate) fn look<T>(mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    poll(RECOVERY, || {
        let start = Instant::now();
        let found = probe();
        let pause = start.elapsed() * 9;
        thread::sleep(pause.min(Duration::from_secs(1)));
        found
    })
}

/// Short pauses, so that a webhook that is back is found soon; everything else as by default.
pub(crate) fn plugin() -> Value {
    let webhooks = ["crm", "cdp"].map(webhook);
    json!({"webhooks": webhooks, "retry": {"initial_backoff": "0.1s", "max_backoff": "1s"}})
}

/// A webhook of that configuration; `cdp` gets several events in one call.
pub(crate) fn webhook(name: &str) -> Value {
    let timeout = format!("{}s", TIMEOUT.as_secs());
    let mut webhook = json!({
        "name": name, "url": format!("http://{name}.test/in"), "cluster": name, "timeout": timeout,
    });
    if name == "cdp" {
        webhook["batch"] = json!({"format": "ndjson", "max_events": EVENTS_OF_A_CALL});
    }
    webhook
}

fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
