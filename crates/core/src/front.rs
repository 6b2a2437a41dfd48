//! In front of several collectors: the key by which Envoy chooses one of them for a request.
//!
//! The key is made from what an event is recognised by when it is sent again, so that the events of
//! one device go to one collector, however they are encoded and in whatever groups they come. A
//! request without a key is no failure: Envoy then goes by the client's address.

use std::rc::Rc;

use crate::clock::Now;
use crate::config::{self, Config};
use crate::event::Event;
use crate::gathered::{GatheredBytes, Reserved};
use crate::hashed_id;
use crate::intake::{self, Collection, Context, Head, Item, Judgement};

/// The header of the request that holds the key. One that a client sends is taken away.
pub const KEY_HEADER: &str = "x-fleet-key";

/// One plugin on one worker.
#[derive(Debug)]
pub struct Front {
    config: Rc<Config>,
    random: fastrand::Rng,
    bodies: GatheredBytes,
}

/// A collection request whose body Envoy keeps until its end has come.
#[derive(Debug)]
pub struct Waiting {
    collection: Collection,
    kept: Reserved,
}

impl Front {
    /// A front that has seen no request.
    #[must_use]
    pub fn new(config: config::Front) -> Self {
        Self {
            config: Rc::new(config.reading()),
            // No id that is made at random becomes a key.
            random: fastrand::Rng::with_seed(0),
            bodies: GatheredBytes::default(),
        }
    }

    /// Judges the head of a request: `None` passes it on without a key. The collectors answer what
    /// is to be refused.
    #[must_use]
    pub fn handle_head(&self, head: &Head<'_>) -> Option<Waiting> {
        let Judgement::Collect(mut collection) = intake::judge(head, &self.config) else {
            return None;
        };
        collection.stop_at_first_event();
        Some(Waiting {
            collection,
            kept: self.bodies.reserve(),
        })
    }

    /// Whether to wait for the end of the body, of which Envoy has `size` bytes by now. If not, the
    /// request is passed on without a key.
    #[must_use]
    pub fn waits(&self, waiting: &mut Waiting, size: usize) -> bool {
        let head = waiting.collection.kept_bytes();
        waiting.kept.set(head.saturating_add(size));
        let limits = &self.config.limits;
        size <= limits.max_body_bytes && self.bodies.get() <= limits.max_in_flight_bytes
    }

    /// The key of a request with this body: 16 hexadecimal digits. `None` when nothing in it tells
    /// whose it is.
    pub fn key(&mut self, waiting: Waiting, body: &[u8], now: Now) -> Option<String> {
        let mut collection = waiting.collection;
        let mut context = Context {
            now,
            random: &mut self.random,
            config: &self.config,
        };
        let mut key = None;
        // The collector answers a request that cannot be read.
        let _ = collection.read(body, &mut context, &mut |_, item| {
            if let Item::Event(event) = item {
                key = key_of(&event);
            }
        });
        key
    }
}

/// An event that names no device is sent again with the same message id at least.
fn key_of(event: &Event<'_>) -> Option<String> {
    match event.device() {
        "" if !event.stable_id() => None,
        "" => Some(hashed_id::of_escaped(event.message_id())),
        device => Some(hashed_id::of_escaped(device)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn key(body: &str) -> Option<String> {
        let mut front = Front::new(config::Front::default());
        let waiting = front.handle_head(&Head::post(b"/v1/batch")).unwrap();
        front.key(waiting, body.as_bytes(), Now::default())
    }

    #[test]
    fn the_key_is_made_from_what_an_event_is_recognised_by() {
        let of = |text: &str| Some(hashed_id::of_escaped(text));
        let time = r#""timestamp":"2022-12-28T21:16:50Z""#;
        let track = |ids: &str| format!(r#"{{"batch":[{{"type":"track","event":"a"{ids}}}]}}"#);
        for (ids, wanted) in [
            (
                r#","anonymousId":"d","userId":"u","messageId":"m""#,
                of("d"),
            ),
            (r#","anonymousId":"","userId":"u","messageId":"m""#, of("u")),
            (r#","messageId":"m""#, of("m")),
            (r#","anonymousId":"\u0064""#, of("d")),
            ("", None),
        ] {
            assert_eq!(key(&track(ids)), wanted, "{ids}");
        }
        // Without an id it is the same event when all of it is the same.
        let timed = track(&format!(",{time}"));
        assert!(key(&timed).is_some());
        assert_eq!(key(&timed), key(&timed));
    }

    #[test]
    fn the_first_event_decides() {
        let batch = r#"{"batch":[
            {"type":"alias","userId":"none"},
            7,
            {"type":"track","event":"a","anonymousId":"first"},
            {"type":"track","event":"a","anonymousId":"second"}
        ]}"#;
        assert_eq!(key(batch), Some(hashed_id::of_escaped("first")));
    }

    #[test]
    fn a_request_of_no_sdk_is_not_waited_for() {
        let front = Front::new(config::Front::default());
        assert!(front.handle_head(&Head::post(b"/upload")).is_none());
        let get = Head {
            method: b"GET",
            ..Head::post(b"/v1/batch")
        };
        assert!(front.handle_head(&get).is_none());
        assert_eq!(key("{"), None);
        assert_eq!(key(""), None);
    }

    #[test]
    fn bodies_are_waited_for_within_both_limits() {
        let front = Front::new(config::Front {
            max_body_bytes: 100,
            max_waiting_bytes: 150,
            ..config::Front::default()
        });
        let open = || front.handle_head(&Head::post(b"/v1/batch")).unwrap();
        let (mut one, mut other) = (open(), open());
        assert!(front.waits(&mut one, 100));
        assert!(!front.waits(&mut other, 101));
        // It is passed on, and the next has room.
        drop(other);
        let mut next = open();
        assert!(front.waits(&mut next, 50));
        assert!(!front.waits(&mut next, 51));
        drop(one);
        assert!(front.waits(&mut next, 51));
    }
}
