//! The body of a request: its pieces are gathered, and then its events are read and taken in.

use super::bodies::Spent;
use super::{Ticket, Worker};
use crate::clock::{Now, SteadyMillis, UnixMillis};
use crate::delivery::dedupe::Shared;
use crate::delivery::Turn;
use crate::intake::{Context, Excess, Item, Report};
use crate::local_reply::LocalReply;
use crate::observe::labels::{EventOutcome, FilteredReason, RequestOutcome};
use crate::observe::{Counter, Observe};
use crate::prepare::wanted_by;
use crate::recording;
use crate::upload::{Gathering, Room, Upload};
use crate::work::Work;

impl Worker {
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

    /// Takes a whole request in, or has it wait for the next turn of the host's loop. Its reply
    /// comes from [`Worker::poll_reply`], and calls may wait to be made.
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
        if self.bodies.must_wait(&upload) {
            self.bodies.push(upload, stream, now);
            return Ok(());
        }
        self.read_body(upload, stream, now, now, shared)
    }

    /// Reads the bodies that have waited, as many as this turn may.
    pub(super) fn read_waiting(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        self.bodies.on_tick(now);
        while let Some((upload, stream, came)) = self.bodies.pop() {
            let waited = now.saturating_sub(came.steady);
            let unix = came.unix.0.saturating_add_unsigned(waited);
            let now = Now {
                steady: now,
                unix: UnixMillis(unix),
            };
            if let Err(reply) = self.read_body(upload, stream, came, now, shared) {
                let reply = self.noted(reply);
                self.bodies.refuse(stream, reply);
            }
        }
    }

    /// Takes a whole request in now, which came at another time.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(super) fn read_body(
        &mut self,
        upload: Gathering,
        stream: u32,
        came: Now,
        now: Now,
        shared: &mut dyn Shared,
    ) -> Result<(), LocalReply> {
        let mut report = Report::default();
        let mut events = Vec::new();
        let mut context = Context {
            now: came,
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
        let read_events = report.events as usize;
        let spent = Spent {
            bytes: collection.read_bytes(),
            events: read_events,
            deliveries: read_events * webhooks.len(),
            rules: work.spent(),
        };
        self.bodies.count(spent, now.steady);
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
        let ticket = Ticket { collection, report };
        self.gauges.touch();
        let mut turn = Turn::new(now.steady, shared, observe);
        self.outbox.handle_events(ticket, stream, events, &mut turn);
        Ok(())
    }
}
