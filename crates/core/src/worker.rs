//! One plugin on one worker: intake in front, delivery behind.
//!
//! The shell tells a [`Worker`] what has happened (`handle_*`) and asks it what to do (`poll_*`).

use std::collections::VecDeque;
use std::rc::Rc;

use crate::clock::{Now, SteadyMillis};
use crate::config::Config;
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::table::{Owner, Shared};
use crate::delivery::{self, Call, Handover, Outbox, Overloaded, Submitted};
use crate::intake::{self, Collection, Context, Head, Item, Judgement, Report};
use crate::local_reply::LocalReply;
use crate::observe::{Counter, EventOutcome, FilteredReason, Observe, RequestOutcome};
use crate::prepare::{wanted_by, Preparer};

/// What sets this worker apart from the others, given by the host.
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

/// What the reply to a request is made from once its verdict is known.
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
    /// Replies to requests that no call was needed for.
    replies: VecDeque<(u32, LocalReply)>,
    random: fastrand::Rng,
}

impl Worker {
    /// A worker with nothing to do yet.
    #[must_use]
    pub fn new(config: Config, identity: &Identity<'_>, now: SteadyMillis) -> Self {
        let config = Rc::new(config);
        let mut random = fastrand::Rng::with_seed(identity.seed);
        Self {
            outbox: Outbox::new(Rc::clone(&config), identity.owner, random.u64(..), now),
            preparer: Preparer::new(&config.webhooks, &identity.id_key, identity.plugin),
            replies: VecDeque::new(),
            random,
            config,
        }
    }

    /// Judges the head of a request.
    pub fn handle_head(&mut self, head: &Head<'_>) -> Judgement {
        let judgement = intake::judge(head, &self.config);
        match &judgement {
            Judgement::Pass => self.count(RequestOutcome::Passed),
            Judgement::Reply(_, outcome) => self.count(*outcome),
            Judgement::Collect(_) => {}
        }
        judgement
    }

    /// Refuses a body that has grown past `limits.max_body_bytes`; otherwise it may grow on.
    pub fn refuse_size(&mut self, collection: &Collection, bytes: usize) -> Option<LocalReply> {
        (bytes > self.config.limits.max_body_bytes).then(|| {
            self.count(RequestOutcome::Refused);
            collection.too_large()
        })
    }

    /// Takes a whole request in. Its reply comes from [`Worker::poll_reply`], and calls may wait to
    /// be made.
    ///
    /// # Errors
    ///
    /// The reply that refuses the request, of which nothing was taken.
    pub fn handle_body(
        &mut self,
        mut collection: Collection,
        body: &[u8],
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
        let observe = self.outbox.observe();
        let read = collection.read(body, &mut context, &mut |index, item| {
            report.events += 1;
            match item {
                Item::Event(event) => {
                    let wanted = wanted_by(&event, webhooks, |webhook, reason| {
                        observe.count(Counter::Suppressed(webhook, reason));
                    });
                    if wanted.is_empty() {
                        let reason = FilteredReason::Unwanted;
                        observe.count(Counter::Filtered(Some(event.kind), reason));
                    } else {
                        events.push(preparer.prepare(&event, wanted));
                    }
                }
                Item::Filtered(kind, reason) => observe.count(Counter::Filtered(kind, reason)),
                Item::Invalid(invalid) => {
                    observe.count(Counter::Events(invalid.kind, EventOutcome::Invalid));
                    report.add_invalid(index, invalid.reason);
                }
            }
        });
        preparer.shrink();
        if let Err(reply) = read {
            self.count(RequestOutcome::Refused);
            return Err(reply);
        }
        observe.log_lines.invalid(&report, now.steady);
        let ticket = Ticket { collection, report };
        let reply = match self
            .outbox
            .submit(ticket, stream, events, now.steady, shared)
        {
            Ok(Submitted::Pending) => return Ok(()),
            Ok(Submitted::Decided(ticket, verdict)) => self.reply(ticket, verdict),
            Err(Overloaded { ticket, after }) => {
                self.count(RequestOutcome::Retry);
                let verdict = intake::Verdict::Overloaded { after };
                ticket.collection.answer(verdict)
            }
        };
        self.replies.push_back((stream, reply));
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
        self.outbox.called(call, made, now, shared);
    }

    /// A call has ended.
    pub fn handle_response(
        &mut self,
        token: u32,
        response: &CallResponse,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        self.outbox.ended(token, response, now, shared);
    }

    /// Does whatever is due.
    pub fn handle_timeout(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        self.outbox.tick(now, shared);
    }

    /// The next call to make; [`Worker::handle_dispatched`] must be told how that went.
    pub fn poll_call(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Option<Call> {
        self.outbox.next_call(now, shared)
    }

    /// The next reply and the stream that waits for it.
    pub fn poll_reply(&mut self) -> Option<(u32, LocalReply)> {
        if let Some(reply) = self.replies.pop_front() {
            return Some(reply);
        }
        let (stream, ticket, verdict) = self.outbox.next_verdict()?;
        Some((stream, self.reply(ticket, verdict)))
    }

    /// When [`Worker::handle_timeout`] is next needed, in milliseconds from now.
    pub fn poll_timeout(&mut self, now: SteadyMillis) -> Option<u64> {
        let wake_at = self.outbox.wake_at()?;
        Some(wake_at.saturating_sub(now))
    }

    /// Metrics and log lines.
    pub fn observe(&mut self) -> &mut Observe {
        self.outbox.observe()
    }

    /// Is a call under way?
    #[must_use]
    pub fn has_calls(&self) -> bool {
        self.outbox.has_calls()
    }

    /// Nothing is in flight, kept or waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.replies.is_empty()
    }

    /// Gives up the kept events that no call is under way for.
    pub fn take_held(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Vec<Handover> {
        self.outbox.take_held(now, shared)
    }

    /// Takes over events that an older configuration kept.
    pub fn adopt(&mut self, held: Vec<Handover>, now: SteadyMillis) {
        for handover in held {
            self.outbox.adopt(handover, now);
        }
    }

    fn reply(&mut self, ticket: Ticket, verdict: delivery::Verdict) -> LocalReply {
        let Ticket {
            collection,
            mut report,
        } = ticket;
        match verdict {
            delivery::Verdict::Accepted => {
                self.count(RequestOutcome::Accepted);
                collection.answer(intake::Verdict::Accepted(&report))
            }
            delivery::Verdict::Retry {
                after,
                kept,
                failed,
            } => {
                self.count(RequestOutcome::Retry);
                report.failed = failed;
                let report = &report;
                collection.answer(intake::Verdict::Retry {
                    after,
                    kept,
                    report,
                })
            }
        }
    }

    fn count(&mut self, outcome: RequestOutcome) {
        self.outbox.observe().count(Counter::Requests(outcome));
    }
}
