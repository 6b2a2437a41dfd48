//! The ways in which webhooks break.

use crate::ledger::{Fate, Ledger};
use freshpaint_harness::receiver::status;
use freshpaint_harness::{Receiver, Reply};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Replies to a call with these events, by their ids, before which so many calls came.
type Judge = dyn Fn(&[&str], usize) -> (Reply, Fate) + Send + Sync;

/// Every webhook's `timeout`, in the configuration and for the answers that come too late. On a
/// busy machine a webhook that does its part takes a second at times.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);

/// How a webhook behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// Refuses connections.
    Dead,
    /// Answers the n-th request like this.
    Answers(fn(usize) -> (Reply, Fate)),
    /// Answers like this because of the event with this id. A call with several events is refused
    /// for the first one that is.
    Judges(fn(&str) -> (Reply, Fate)),
}

/// A webhook that writes what it receives into the ledger.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) name: &'static str,
    index: usize,
    pub(crate) receiver: Receiver,
    ledger: Arc<Ledger>,
    reasons: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Webhook {
    pub(crate) fn start(name: &'static str, index: usize, ledger: &Arc<Ledger>) -> Self {
        let webhook = Self {
            name,
            index,
            receiver: Receiver::start().unwrap(),
            ledger: Arc::clone(ledger),
            reasons: Arc::default(),
        };
        webhook.receiver.stop_recording();
        webhook.turn(HEALTHY);
        webhook
    }

    /// How many dead letters came for each reason.
    pub(crate) fn dead_letters(&self) -> BTreeMap<String, usize> {
        self.reasons.lock().unwrap().clone()
    }

    /// Behaves like this from now on.
    pub(crate) fn turn(&self, way: Way) {
        // Answers are lost from the first moment on, and closing may take a while.
        self.ledger.cut(self.index);
        self.receiver.close();
        self.ledger.cut(self.index);
        let reply_to: Box<Judge> = match way {
            Way::Dead => return,
            Way::Answers(answer) => Box::new(move |_, before| answer(before)),
            Way::Judges(judge) => Box::new(move |ids, _| {
                let mut answers = ids.iter().map(|id| judge(id));
                let refusal = answers.find(|(_, fate)| *fate == Fate::Refused);
                refusal.unwrap_or_else(|| judge(ids[0]))
            }),
        };
        let (index, ledger) = (self.index, Arc::clone(&self.ledger));
        let reasons = Arc::clone(&self.reasons);
        self.receiver.decide(move |request, before| {
            let ids = message_ids(&request.body);
            let (reply, fate) = reply_to(&ids, before);
            for id in ids {
                ledger.received(index, id, fate);
            }
            if let Some(reason) = request.header("freshpaint-dead-letter-reason") {
                let mut reasons = reasons.lock().unwrap();
                *reasons.entry(reason.to_owned()).or_default() += 1;
            }
            reply
        });
        self.receiver.open().unwrap();
    }
}

/// The events of a call. They are found by their key, for tens of thousands are received.
fn message_ids(body: &[u8]) -> Vec<&str> {
    let body = std::str::from_utf8(body).unwrap();
    let rests = body.split(r#""messageId":""#).skip(1);
    let ids: Vec<_> = rests.map(|rest| rest.split_once('"').unwrap().0).collect();
    assert!(!ids.is_empty(), "a call without an event: {body}");
    ids
}

pub(crate) const HEALTHY: Way = Way::Answers(|_| (status(200).into(), Fate::Accepted));

pub(crate) const SLOW: Way = Way::Answers(|n| {
    let delay = Duration::from_millis(100 * (n as u64 % 5));
    (status(202).after(delay).into(), Fate::Accepted)
});

pub(crate) const LATE: Way =
    Way::Answers(|_| (status(200).after(TIMEOUT * 3 / 2).into(), Fate::Unknown));

pub(crate) const HANGING: Way = Way::Answers(|_| (Reply::silence(), Fate::Unknown));

pub(crate) const RESETTING: Way = Way::Answers(|n| {
    let reply = match n % 3 {
        0 => Reply::reset_before_headers(),
        1 => Reply::reset_in_headers(),
        _ => Reply::reset_after_headers(),
    };
    (reply, Fate::Unknown)
});

pub(crate) const HALF: Way = Way::Answers(|n| {
    let reply = match n % 3 {
        0 => Reply::partial(),
        1 => Reply::drip(),
        _ => Reply::garbage(),
    };
    (reply, Fate::Unknown)
});

pub(crate) const REFUSING: Way =
    Way::Answers(|n| (status([301, 403, 404, 410][n % 4]).into(), Fate::Refused));

/// As when a key has run out.
pub(crate) const UNAUTHORISED: Way = Way::Answers(|_| (status(401).into(), Fate::Refused));

/// Refuses some events for good and accepts all others.
pub(crate) const PICKY: Way = Way::Judges(|id| {
    if is_poison(id) {
        (status(422).into(), Fate::Refused)
    } else {
        (status(200).into(), Fate::Accepted)
    }
});

/// One event of each larger batch.
pub(crate) fn is_poison(id: &str) -> bool {
    id.ends_with("-3")
}

pub(crate) const FAILING: Way =
    Way::Answers(|n| (status([500, 502, 503][n % 3]).into(), Fate::Refused));

pub(crate) const LIMITING: Way = Way::Answers(|n| match n % 4 {
    0 => (status(200).into(), Fate::Accepted),
    _ => (status(429).header("retry-after", "1").into(), Fate::Refused),
});

/// Breaks in another way every 30 requests, and works for 30 in between.
pub(crate) const FLAPPING: Way = Way::Answers(|n| {
    let Way::Answers(broken) = [FAILING, RESETTING, LIMITING, HALF, LATE][n / 60 % 5] else {
        return (status(200).into(), Fate::Accepted);
    };
    if n % 60 < 30 {
        (status(200).into(), Fate::Accepted)
    } else {
        broken(n)
    }
});
