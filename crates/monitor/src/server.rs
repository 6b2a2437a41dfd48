//! The monitor's part of one worker: it shares what the worker records, and serves the page.

use super::answers::{self, Facts};
use super::api::{self, Action, Ask, Order, Read};
use super::asked::{Asked, Retry, WATCHED_FOR_MILLIS};
use super::snapshot::Snapshot;
use freshpaint_core::clock::{Now, SteadyMillis};
use freshpaint_core::config;
use freshpaint_core::delivery::dedupe::{Owner, Shared};
use freshpaint_core::intake::Head;
use freshpaint_core::json;
use freshpaint_core::local_reply::LocalReply;
use freshpaint_core::observe::peers::{Board, Peers};
use freshpaint_core::observe::recorder::Recorder;
use freshpaint_core::worker::{Tested, Worker};

/// How often [`Monitor::handle_timeout`] is needed while nobody looks.
const IDLE_MILLIS: u64 = 1_000;
/// How often it is needed while somebody looks.
const WATCHED_MILLIS: u64 = 250;
/// A worker that has not shared anything for this long has gone.
const LISTED_FOR_MILLIS: SteadyMillis = 60_000;

const NOT_OURS: &str = "No SDK that is on sends to this path, so that the request would go on to \
     the route. Write a path such as \"/track\", behind collect.path_prefix if there is one.";

/// The things that one callback of the host lends to the monitor.
pub struct Visit<'v> {
    /// The collector of this VM that is shown, if there is one.
    pub worker: Option<&'v mut Worker>,
    /// The time of the callback.
    pub now: Now,
    /// The host's shared data.
    pub board: &'v mut dyn Board,
    /// The same, for the table of recognised events.
    pub shared: &'v mut dyn Shared,
}

impl Visit<'_> {
    fn start_recording(&mut self) {
        if let Some(worker) = self.worker.as_deref_mut() {
            worker.start_recording(self.now);
        }
    }

    fn recorder(&mut self) -> Option<&mut Recorder> {
        self.worker
            .as_deref_mut()?
            .observe()
            .recorder
            .as_deref_mut()
    }
}

/// The shell's work after [`Monitor::handle_timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// In how many milliseconds it is needed again.
    pub timeout_in: u64,
    /// The collector has something to do, and its root is to be woken.
    pub wakes_collector: bool,
}

/// One monitor on one worker.
#[derive(Debug)]
pub struct Monitor {
    config: config::Monitor,
    asked: Asked,
    /// Where the collector of this VM shares what it records, and the collector's number.
    place: Option<(u32, Peers)>,
    /// Somebody looked at the last time of asking.
    was_watched: bool,
}

impl Monitor {
    /// A monitor that nobody looks at yet.
    #[must_use]
    pub fn new(config: config::Monitor, board: &mut dyn Board) -> Self {
        Self {
            asked: Asked::new(&config.of, board),
            place: None,
            config,
            was_watched: false,
        }
    }

    /// The name of the filter that is shown.
    #[must_use]
    pub fn of(&self) -> &str {
        &self.config.of
    }

    /// Looks whether somebody looks, and shares what there is to see.
    pub fn handle_timeout(&mut self, visit: &mut Visit<'_>) -> Next {
        let now = visit.now.steady;
        let is_watched = self.asked.is_watched(now, visit.board);
        let order = self.asked.next_order(visit.board);
        let wakes_collector = order.is_some() && visit.worker.is_some();
        visit.start_recording();
        if let (Some(Retry { webhook, id }), Some(worker)) = (order, visit.worker.as_deref_mut()) {
            worker.retry_now(webhook.as_deref(), id.as_deref(), now, visit.shared);
        }
        if is_watched {
            self.share(visit);
        } else if self.was_watched {
            if let Some(recorder) = visit.recorder() {
                recorder.rest();
            }
            self.share_lines("", visit);
        }
        self.was_watched = is_watched;
        let timeout_in = if is_watched {
            WATCHED_MILLIS
        } else {
            IDLE_MILLIS
        };
        Next {
            timeout_in,
            wakes_collector,
        }
    }

    /// Judges a request by its head.
    #[must_use]
    pub fn handle_head(&self, head: &Head<'_>) -> Ask {
        api::judge(head, &self.config.hosts)
    }

    /// Answers a request that reads.
    pub fn handle_read(&mut self, read: &Read, visit: &mut Visit<'_>) -> LocalReply {
        let now = visit.now;
        self.asked.watch(now.steady, visit.board);
        self.was_watched = true;
        visit.start_recording();
        self.share(visit);
        let Some(worker) = visit.worker.as_deref() else {
            return self.shows_nothing();
        };
        let all = self.gather(worker.number(), now.steady, visit.board);
        match read {
            Read::Records(after) => answers::records(after, &all),
            Read::Status => {
                let mut sum = Snapshot::default();
                for (snapshot, _) in all.iter().filter_map(|text| Snapshot::decode(text)) {
                    sum.merge(&snapshot);
                }
                let facts = Facts {
                    plugin: &self.config.of,
                    config: worker.config(),
                };
                let unix = u64::try_from(now.unix.0).unwrap_or(0);
                answers::status(&facts, all.len(), &sum, unix)
            }
        }
    }

    /// Does what the body of an action asks. `None` when the collector will reply to `stream`; then
    /// its root is to be woken.
    pub fn handle_action(
        &mut self,
        action: Action,
        body: &[u8],
        stream: u32,
        visit: &mut Visit<'_>,
    ) -> Option<LocalReply> {
        let Some(worker) = visit.worker.as_deref_mut() else {
            return Some(self.shows_nothing());
        };
        match api::action(action, body) {
            Err(reply) => Some(reply),
            Ok(Order::Retry { webhook, id }) => {
                let webhooks = &worker.config().webhooks;
                let is_known = |name: &String| webhooks.iter().any(|webhook| webhook.name == *name);
                if !webhook.as_ref().is_none_or(is_known) {
                    let wrong = "No webhook has this name; /api/v1/status has them all.";
                    return Some(answers::error(404, wrong));
                }
                self.asked.order(&Retry { webhook, id }, visit.board);
                Some(answers::accepted())
            }
            Ok(Order::Test {
                path,
                body,
                deliver,
            }) => {
                let stream = deliver.then_some(stream);
                match worker.test(&path, &body, stream, visit.now, visit.shared) {
                    Tested::Shown(shown) => Some(answers::tested(shown)),
                    Tested::NotOurs => Some(answers::error(422, NOT_OURS)),
                    Tested::UnderWay => None,
                }
            }
        }
    }

    fn share(&mut self, visit: &mut Visit<'_>) {
        let until = visit.now.steady.saturating_add(WATCHED_FOR_MILLIS);
        if let Some(recorder) = visit.recorder() {
            recorder.watch_until(until);
            let lines = recorder.lines();
            self.share_lines(&lines, visit);
        }
    }

    /// A worker that has had nothing to do shares nothing: Envoy's main thread has one too.
    fn share_lines(&mut self, lines: &str, visit: &mut Visit<'_>) {
        let now = visit.now.steady;
        let Some(worker) = visit.worker.as_deref_mut() else {
            return;
        };
        let (state, number) = (worker.state(), worker.number());
        let Some(recorder) = worker.observe().recorder.as_deref_mut() else {
            return;
        };
        let snapshot = Snapshot::of(recorder, &state, now);
        if !snapshot.is_idle() {
            let snapshot = Snapshot {
                worker: number,
                ..snapshot
            };
            let text = snapshot.encode(lines);
            let (_, place) = match &mut self.place {
                Some(place) if place.0 == number => place,
                place => {
                    if let Some((_, left)) = place {
                        left.leave(visit.board);
                    }
                    place.insert((number, peers(&self.config.of, number)))
                }
            };
            place.share(text.as_bytes(), now, visit.board);
        }
    }

    /// The snapshot that each worker shared last.
    fn gather(&self, number: u32, now: SteadyMillis, board: &mut dyn Board) -> Vec<String> {
        let mut all = Vec::new();
        peers(&self.config.of, number).each(now, board, |value| {
            all.extend(String::from_utf8(value.to_vec()));
        });
        all
    }

    fn shows_nothing(&self) -> LocalReply {
        let sentence = format!(
            "This monitor finds no filter named {} in its VM. Its monitor.of has to be the name \
             of a filter of the same Envoy, and both need the same vm_config.",
            json::quoted(&self.config.of)
        );
        answers::error(503, &sentence)
    }
}

/// The workers that share what a filter with this name records.
fn peers(of: &str, number: u32) -> Peers {
    let topic = format!("freshpaint.monitor.worker.{of}");
    Peers::new(topic, Owner(number), LISTED_FOR_MILLIS)
}
