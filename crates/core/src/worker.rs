//! One plugin on one worker: intake in front, delivery behind.
//!
//! The shell tells a [`Worker`] what has happened (`handle_*`) and asks it what to do (`poll_*`).

mod gauges;
mod replies;
mod shown;
mod tester;

use std::rc::Rc;

use crate::clock::{Now, SteadyMillis, UnixSeconds};
use crate::config::{Config, Webhook};
use crate::delivery::dedupe::{Owner, Shared};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::{same_webhook, Call, Handover, Outbox, Turn};
use crate::intake::{self, Collection, Context, Excess, Head, Item, Judgement, Report};
use crate::local_reply::LocalReply;
use crate::observe::delivery_log::DeliveryLog;
use crate::observe::gauges::Gauges;
use crate::observe::labels::{EventOutcome, FilteredReason, RequestOutcome};
use crate::observe::{Counter, Observe};
use crate::prepare::{wanted_by, Preparer};
use crate::recording;
use crate::upload::{Gathering, Room, Upload, Uploads};
use crate::work::Work;

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
        Self {
            outbox: Outbox::new(Rc::clone(&config), identity.owner, random.u64(..), now),
            preparer: Preparer::new(&config, &identity.id_key, identity.plugin),
            observe,
            gauges: Gauges::new(&config, identity.owner, now),
            random,
            uploads: Uploads::default(),
            number: identity.owner.0,
            tests: Vec::new(),
            config,
        }
    }

    /// Judges the head of a request: `None` leaves it to the route.
    pub fn handle_head(&mut self, head: &Head<'_>) -> Option<Upload> {
        self.gauges.serve();
        match intake::judge(head, &self.config) {
            Judgement::Pass => {
                self.count(RequestOutcome::Passed);
                None
            }
            Judgement::Reply(reply, outcome) => {
                self.count(outcome);
                Some(Upload::refused_by_head(reply, head))
            }
            Judgement::Collect(collection) => Some(self.uploads.open(collection)),
        }
    }

    /// Takes a piece of a body of this size, which is read only if it is wanted. Refuses a body
    /// that grows past `limits.max_body_bytes`, and one for which `limits.max_in_flight_bytes`
    /// leaves no room even after events have given way. `now` is asked only when events have to
    /// give way.
    pub fn handle_piece(
        &mut self,
        upload: Upload,
        size: usize,
        read: impl FnOnce() -> Vec<u8>,
        now: impl FnOnce() -> SteadyMillis,
        shared: &mut dyn Shared,
    ) -> Upload {
        let outbox = &mut self.outbox;
        outbox.set_gathered_bytes(self.uploads.bytes());
        let has_room = |room: Room, observe: &mut Observe| {
            let all = room.bytes.saturating_add(room.spare);
            all <= outbox.room()
                && (outbox.has_room(room.bytes)
                    || outbox.make_room(room.bytes, &mut Turn::new(now(), shared, observe)))
        };
        let (limits, observe) = (&self.config.limits, &mut self.observe);
        self.uploads
            .push(upload, size, read, has_room, limits, observe)
    }

    /// Takes a whole request in. Its reply comes from [`Worker::poll_reply`], and calls may wait to
    /// be made.
    ///
    /// # Errors
    ///
    /// The reply that refuses the request, of which nothing was taken.
    pub fn handle_body(
        &mut self,
        upload: Gathering,
        stream: u32,
        now: Now,
        shared: &mut dyn Shared,
    ) -> Result<(), LocalReply> {
        let mut report = Report::default();
        let mut events = Vec::new();
        let mut context = Context {
            now,
            random: &mut self.random,
            config: &self.config,
        };
        let (webhooks, preparer) = (&self.config.webhooks, &mut self.preparer);
        let observe = &mut self.observe;
        if let Some(log) = observe.delivery_log.as_deref_mut() {
            log.set_clock(now);
        }
        if self.config.observe.recent > 0 {
            recording::start(observe, &self.config, now);
        }
        let Gathering {
            mut collection,
            body,
            reserved,
        } = upload;
        preparer.names_sources = observe.recorder.is_some();
        preparer.trace = collection.trace();
        let limits = &self.config.limits;
        let (work, mut bytes) = (Work::new(limits.max_rule_time), 0);
        self.outbox.set_gathered_bytes(self.uploads.bytes());
        let room = self.outbox.room();
        let mut excess = None;
        let read = collection.read(&body, &mut context, &mut |index, item| {
            if excess.is_some() {
                return;
            }
            report.events += 1;
            match item {
                Item::Event(event) => {
                    let allowed = wanted_by(&event, webhooks, &work, |webhook, reason| {
                        observe.count(Counter::Suppressed(webhook, reason));
                        recording::suppressed(observe, &event, webhook, reason, now.steady);
                    });
                    let left = room.saturating_sub(bytes);
                    let prepared = preparer.prepare(&event, index, allowed, left, &work);
                    if let Some(prepared) = prepared {
                        bytes += prepared.cost();
                        // Only the end of the request shows whether it could ever fit.
                        if bytes <= room {
                            events.push(prepared);
                        } else {
                            events = Vec::new();
                        }
                    } else {
                        let reason = FilteredReason::Unwanted;
                        observe.count(Counter::Filtered(Some(event.kind), reason));
                        report.filtered += 1;
                        recording::unwanted(observe, &event, now.steady);
                    }
                    if work.is_over() {
                        excess = Some(Excess::RuleTime(limits.max_rule_time));
                    } else if bytes > limits.max_in_flight_bytes {
                        excess = Some(Excess::Payloads(limits.max_in_flight_bytes));
                    }
                }
                Item::Filtered(kind, reason) => {
                    observe.count(Counter::Filtered(kind, reason));
                    report.filtered += 1;
                    recording::filtered(observe, kind, reason, now.steady);
                }
                Item::Invalid(invalid) => {
                    observe.count(Counter::Events(invalid.kind, EventOutcome::Invalid));
                    recording::invalid(observe, &invalid, now.steady);
                    report.add_invalid(index, invalid.reason);
                }
            }
        });
        preparer.shrink();
        let taken = read.and_then(|()| match excess {
            Some(excess) => Err(collection.refuse(excess)),
            None => Ok(()),
        });
        if let Err(reply) = taken {
            // An event that is invalid and alone has its own record.
            if report.events == 0 || excess.is_some() {
                recording::refused(observe, reply.status, now.steady);
            }
            self.count(RequestOutcome::Refused);
            return Err(reply);
        }
        observe.log_lines.invalid(&report, now.steady);
        if bytes > room {
            self.count(RequestOutcome::Retry);
            return Err(collection.overloaded());
        }
        drop((body, reserved));
        self.outbox.set_gathered_bytes(self.uploads.bytes());
        let ticket = Ticket { collection, report };
        self.gauges.touch();
        let mut turn = Turn::new(now.steady, shared, observe);
        self.outbox.handle_events(ticket, stream, events, &mut turn);
        Ok(())
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
    #[must_use]
    pub fn poll_timeout(&self, now: SteadyMillis) -> Option<u64> {
        let times = [self.outbox.poll_timeout(), self.gauges.poll_timeout()];
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
        self.outbox.is_empty()
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
