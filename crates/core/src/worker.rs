//! One plugin on one worker: intake in front, delivery behind.
//!
//! The shell tells a [`Worker`] what has happened (`handle_*`) and asks it what to do (`poll_*`).

mod bodies;
mod body;
mod gauges;
mod replies;
mod shown;
mod tester;

use std::rc::Rc;

use crate::clock::{SteadyMillis, UnixSeconds};
use crate::config::{Config, Webhook};
use crate::delivery::dedupe::{Owner, Shared};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::{same_webhook, Call, Handover, Outbox, Turn};
use crate::intake::{self, Collection, Head, Judgement, Report};
use crate::observe::delivery_log::DeliveryLog;
use crate::observe::gauges::Gauges;
use crate::observe::labels::RequestOutcome;
use crate::observe::{Counter, Observe};
use crate::prepare::Preparer;
use crate::upload::{Upload, Uploads};

use bodies::Bodies;
use tester::Test;
pub use tester::Tested;

/// The identity of this worker, given by the host.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// New for each VM and each configuration.
    pub owner: Owner,
    /// Feeds jitter and the ids of events that have neither id nor time.
    pub seed: u64,
    /// Secret key of the event ids; the same on every worker of the process.
    pub id_key: [u8; 16],
    /// The plugin's name: plugins in one VM do not take each other's events for re-sent ones.
    pub plugin: &'a [u8],
}

/// The things from which the reply to a request is made once its verdict is known.
#[derive(Debug)]
struct Ticket {
    collection: Collection,
    report: Report,
}

/// One plugin on one worker.
#[derive(Debug)]
pub struct Worker {
    config: Rc<Config>,
    outbox: Outbox<Ticket>,
    preparer: Preparer,
    observe: Observe,
    gauges: Gauges,
    random: fastrand::Rng,
    uploads: Uploads,
    bodies: Bodies,
    number: u32,
    /// Tests that are being delivered.
    tests: Vec<Test>,
}

impl Worker {
    /// A worker with nothing to do yet.
    #[must_use]
    pub fn new(config: Config, identity: &Identity<'_>, now: SteadyMillis) -> Self {
        let config = Rc::new(config);
        let mut random = fastrand::Rng::with_seed(identity.seed);
        let mut observe = Observe::new(&config.webhooks);
        observe.delivery_log = DeliveryLog::of(&config);
        let outbox = Outbox::new(Rc::clone(&config), identity.owner, random.u64(..), now);
        Self {
            uploads: Uploads::new(outbox.gathered()),
            outbox,
            preparer: Preparer::new(&config, &identity.id_key, identity.plugin),
            observe,
            gauges: Gauges::new(&config, identity.owner, now),
            random,
            bodies: Bodies::default(),
            number: identity.owner.0,
            tests: Vec::new(),
            config,
        }
    }

    /// Judges the head of a request: `None` leaves it to the route.
    pub fn handle_head(&mut self, head: &Head<'_>) -> Option<Upload> {
        self.gauges.serve();
        let (reply, outcome) = match intake::judge(head, &self.config) {
            Judgement::Pass => {
                self.count(RequestOutcome::Passed);
                return None;
            }
            Judgement::Collect(collection) if collection.kept_bytes() <= self.outbox.room() => {
                return Some(self.uploads.open(collection));
            }
            Judgement::Collect(collection) => (collection.overloaded(), RequestOutcome::Retry),
            Judgement::Reply(reply, outcome) => (reply, outcome),
        };
        self.count(outcome);
        Some(Upload::refused_by_head(reply, head))
    }

    /// Says whether the host made a call: its token, or why not.
    pub fn handle_dispatched(
        &mut self,
        call: &Call,
        made: Result<u32, NotSent>,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        let mut turn = Turn::new(now, shared, &mut self.observe);
        self.outbox.handle_dispatched(call, made, &mut turn);
    }

    /// A call has ended.
    pub fn handle_response(
        &mut self,
        token: u32,
        response: &CallResponse,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        self.gauges.touch();
        let mut turn = Turn::new(now, shared, &mut self.observe);
        self.outbox.handle_response(token, response, &mut turn);
    }

    /// Does whatever is due.
    pub fn handle_timeout(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        self.read_waiting(now, shared);
        let mut turn = Turn::new(now, shared, &mut self.observe);
        self.outbox.handle_timeout(&mut turn);
    }

    /// The next call to make; [`Worker::handle_dispatched`] must be told how that went. `unix`
    /// gives the time in seconds since 1970-01-01T00:00:00Z, and is asked for calls that are
    /// signed.
    pub fn poll_call(
        &mut self,
        now: SteadyMillis,
        shared: &mut dyn Shared,
        unix: impl FnOnce() -> UnixSeconds,
    ) -> Option<Call> {
        let mut turn = Turn::new(now, shared, &mut self.observe);
        self.outbox.poll_call(&mut turn, unix)
    }

    /// When [`Worker::handle_timeout`] is next needed, in milliseconds from now.
    // One copy of it in the module is enough.
    #[inline(never)]
    #[must_use]
    pub fn poll_timeout(&self, now: SteadyMillis) -> Option<u64> {
        let times = [
            self.outbox.poll_timeout(),
            self.gauges.poll_timeout(),
            self.bodies.wants_tick(now),
        ];
        let wake_at = times.into_iter().flatten().min()?;
        Some(wake_at.saturating_sub(now))
    }

    /// Metrics and log lines.
    pub fn observe(&mut self) -> &mut Observe {
        &mut self.observe
    }

    /// Is a call under way?
    #[must_use]
    pub fn has_calls(&self) -> bool {
        self.outbox.has_calls()
    }

    /// Nothing is in flight, held or waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.bodies.is_empty()
    }

    /// Whether this worker may have what an older configuration holds before the host ends that
    /// one: it has each of its webhooks, with the same rules.
    #[must_use]
    pub fn replaces(&self, older: &Self) -> bool {
        let (then, now) = (&older.config.webhooks, &self.config.webhooks);
        let has = |(index, webhook): (usize, &Webhook)| {
            let same = same_webhook::find_certain(then, index, now).and_then(|at| now.get(at));
            same.is_some_and(|same| same.rules == webhook.rules)
        };
        older.has_held() && then.iter().enumerate().all(has)
    }

    /// Whether any event is held.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.outbox.held_events() > 0
    }

    /// Gives up held events that no call is under way for, as many as one turn of the loop may
    /// move.
    pub fn take_held(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Vec<Handover> {
        self.gauges.touch();
        let mut turn = Turn::new(now, shared, &mut self.observe);
        self.outbox.take_held(&mut turn)
    }

    /// Takes over events that an older configuration held.
    pub fn adopt(&mut self, held: Vec<Handover>, now: SteadyMillis, shared: &mut dyn Shared) {
        self.gauges.touch();
        let mut turn = Turn::new(now, shared, &mut self.observe);
        for handover in held {
            self.outbox.adopt(handover, &mut turn);
        }
    }

    fn count(&mut self, outcome: RequestOutcome) {
        self.observe.count(Counter::Requests(outcome));
    }
}
