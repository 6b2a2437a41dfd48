//! The shipped Envoy with two webhooks and an application, all on loopback.

use crate::good_client::{Experience, GoodClient};
use crate::table::{millis, Measures};
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::{Envoy, Receiver};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Most resident memory of an Envoy with one or two workers.
const MOST_MIB: f64 = 512.0;
/// Of the good client's requests.
const MOST_ERRORS_PERCENT: f64 = 1.0;
/// The good client's 99th percentile on a machine that has nothing else to do.
const MOST_P99: Duration = Duration::from_millis(250);
/// The good client's 99th percentile on such a machine when nobody attacks.
const USUAL_P99: Duration = Duration::from_millis(15);
/// A machine that is slower than this allows no judgement of times.
const MOST_SLOWER: f64 = 6.0;
/// How long the good client is alone, so that it is known how slow the machine is.
const ALONE: Duration = Duration::from_secs(2);
/// Held while a bed starts.
static STARTING: Mutex<()> = Mutex::new(());

pub(crate) struct Bed {
    pub(crate) envoy: Envoy,
    pub(crate) crm: Receiver,
    pub(crate) warehouse: Receiver,
    pub(crate) app: Receiver,
    /// How many times slower the machine is than one that does nothing else; at least 1.
    pub(crate) slower: f64,
    /// The good client's experience before anything began.
    pub(crate) alone: Experience,
}

impl Bed {
    /// Envoy with the shipped file and this many workers.
    pub(crate) fn start(workers: u32) -> Self {
        Self::shipped(workers, |_| {})
    }

    /// As [`Bed::start`], with other settings of the module.
    pub(crate) fn configured(workers: u32, change: impl FnOnce(&mut Value)) -> Self {
        Self::shipped(workers, |shipped| change(shipped.configuration().unwrap()))
    }

    /// As [`Bed::start`], with another Envoy file.
    pub(crate) fn shipped(workers: u32, change: impl FnOnce(&mut Shipped)) -> Self {
        // One after the other, so that how slow the machine is depends on no other start.
        let _only = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let [crm, warehouse, app] = [(); 3].map(|()| Receiver::start().unwrap());
        let mut shipped = Shipped::load().unwrap();
        shipped.trust(&trust_store().unwrap()).unwrap();
        for receiver in [&crm, &warehouse, &app] {
            receiver.stop_recording();
        }
        shipped.lead("crm", crm.address()).unwrap();
        shipped.lead("warehouse", warehouse.address()).unwrap();
        shipped.add_application(app.address()).unwrap();
        change(&mut shipped);
        let environment = BTreeMap::from([("CRM_KEY", "crm-key-of-the-test")]);
        let envoy = Envoy::start_shipped_on(workers, shipped, &environment)
            .unwrap_or_else(|error| panic!("{error:#}"));
        let mut bed = Self {
            envoy,
            crm,
            warehouse,
            app,
            slower: 1.0,
            alone: Experience::default(),
        };
        bed.alone = bed.beside(|| std::thread::sleep(ALONE)).1;
        let slower = bed.alone.p99().as_secs_f64() / USUAL_P99.as_secs_f64();
        bed.slower = slower.clamp(1.0, MOST_SLOWER);
        bed
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.envoy.address()
    }

    /// Does `attack` while a good client goes on, and gives what that one saw.
    pub(crate) fn beside<T>(&self, attack: impl FnOnce() -> T) -> (T, Experience) {
        GoodClient::new(self.address()).beside(attack)
    }

    /// A bound on a time, with what the machine is slower.
    pub(crate) fn allowing(&self, time: Duration) -> f64 {
        millis(time) * self.slower
    }

    /// These bounds hold in every case: the good client, the memory, no VM that failed.
    pub(crate) fn judge(&self, seen: &Experience) -> Measures {
        let mut measures = Measures::default();
        let errors = seen.errors_percent();
        measures.at_most("good client's errors", errors, MOST_ERRORS_PERCENT, "%");
        let most = self.allowing(MOST_P99);
        measures.at_most("its p99", millis(seen.p99()), most, "ms");
        self.judge_envoy(&mut measures);
        measures
    }

    /// The memory of Envoy, and that no VM failed.
    pub(crate) fn judge_envoy(&self, measures: &mut Measures) {
        let peak = self.envoy.peak_resident_bytes().unwrap() >> 20;
        measures.at_most("RSS", peak as f64, MOST_MIB, "MiB");
        no_vm_failed(&self.envoy, measures);
    }

    /// How many VMs Envoy has made so far. One that failed is made anew.
    pub(crate) fn vms(&self) -> u64 {
        let counter = "wasm.envoy.wasm.runtime.v8.created";
        let made = self.envoy.stat(counter).unwrap();
        assert!(made > 0, "Envoy does not count {counter}");
        made
    }
}

/// A VM that fails is made anew, and but for the log nobody would know.
pub(crate) fn no_vm_failed(envoy: &Envoy, measures: &mut Measures) {
    let log = envoy.log();
    // Of a callback the host says "Function: proxy_on_tick failed:" and what V8 says.
    let words = [
        "panicked",
        "VM failed",
        " failed: ",
        "RuntimeError",
        "RangeError",
        "call stack",
        "in-VM backtrace",
    ];
    let failed = log
        .lines()
        .filter(|line| words.iter().any(|word| line.contains(word)));
    measures.none("VMs failed", failed.count());
}
