//! The id of an event whose SDK gives it none.

use std::collections::HashMap;

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use rustc_hash::FxBuildHasher;

use super::draft::Draft;
use crate::clock::UnixMillis;
use crate::event::{Id128, Kind, MessageId, ReservedKeys};
use crate::json::{Id, Object, Text, Value};
use crate::secret::{half_digest, Half, HashKey};
use crate::time;

/// The words that a broken SDK writes for an id that it does not have, in any case. All its events
/// would be taken for one, and every event but the first would be lost.
const PLACEHOLDERS: [&str; 11] = [
    "undefined",
    "null",
    "none",
    "nan",
    "nil",
    "<nil>",
    "(null)",
    "<null>",
    "[object object]",
    "0",
    "00000000-0000-0000-0000-000000000000",
];

/// Gives the events of one request their ids.
pub(super) struct MessageIds<'k> {
    /// `collect.id_key`. Without it, anybody who has a payload and the token can guess a value that
    /// a rule left out, and test the guess.
    key: Option<&'k HashKey>,
    /// How often each computed id has been given in this request.
    given: HashMap<Half, u32, FxBuildHasher>,
}

impl<'k> MessageIds<'k> {
    pub(super) fn new(key: Option<&'k HashKey>) -> Self {
        Self {
            key,
            given: HashMap::default(),
        }
    }

    /// The id that the SDK sent, if it says anything, else a hash of the event, else a random id.
    ///
    /// A hash needs a time: without one that can be read, two events that look alike are two
    /// events. A broken clock writes 0 for each. An identify or group event says a state, so its
    /// content is enough.
    pub(super) fn of<'a>(
        &mut self,
        draft: &Draft<'a>,
        random: &mut fastrand::Rng,
    ) -> MessageId<'a> {
        let sent = draft.message_id.filter(|id| !is_placeholder(*id));
        match (sent, draft.kind) {
            (Some(id), _) => MessageId::Sent(id),
            (None, Kind::Track | Kind::Page) if !has_time(draft) => {
                MessageId::Random(base64(random.u128(..).to_be_bytes()))
            }
            (None, Kind::Identify | Kind::Group) if !has_time(draft) => {
                MessageId::State(base64(self.compute(draft)))
            }
            (None, _) => MessageId::Computed(base64(self.compute(draft))),
        }
    }

    /// Equal events in one request are different events. So the hash of each but the first includes
    /// its number.
    fn compute(&mut self, draft: &Draft<'_>) -> Half {
        let hash = half_digest(self.key, &|update| feed(draft, update));
        let given = self.given.entry(hash).or_default();
        let number = *given;
        *given += 1;
        if number == 0 {
            return hash;
        }
        half_digest(self.key, &|update| {
            update(&hash);
            update(&number.to_be_bytes());
        })
    }
}

fn has_time(draft: &Draft<'_>) -> bool {
    let time = draft.time.and_then(time::parse);
    time.is_some_and(|time| time > UnixMillis(0))
}

fn is_placeholder(id: Id<'_>) -> bool {
    let mut placeholders = PLACEHOLDERS.iter();
    placeholders.any(|placeholder| id.escaped().eq_ignore_ascii_case(placeholder))
}

/// Passes on the fields of the event that stay the same when it is sent again.
///
/// Fields come in a fixed order, each after its length, so that no two events give the same bytes.
fn feed(draft: &Draft<'_>, update: &mut dyn FnMut(&[u8])) {
    let mut field = |text: Option<&str>| {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        update(&length.to_be_bytes());
        update(text.unwrap_or_default().as_bytes());
    };
    let page = &draft.surroundings.page;
    let [part, more_parts] = draft.properties.parts.map(text_of);
    for text in [
        Some(draft.kind.as_str()),
        draft.name.map(Text::escaped),
        draft.time.map(Value::get),
        draft.anonymous_id.map(Id::escaped),
        draft.user_id.map(Id::escaped),
        draft.group_id.map(Id::escaped),
        draft.source.map(Id::escaped),
        page.url.map(Text::escaped),
        page.title.map(Text::escaped),
        page.path.map(Text::escaped),
        part,
        more_parts,
        draft.traits.map(Object::get),
    ] {
        field(text);
    }
    // These come last, and only where the event has them, so that the ids of all other events stay
    // as they were.
    for (key, text) in [
        (None, draft.group_type.map(Id::escaped)),
        (Some("name"), draft.view_name.map(Text::escaped)),
        (Some("category"), draft.view_category.map(Text::escaped)),
    ] {
        if text.is_some() {
            if key.is_some() {
                field(key);
            }
            field(text);
        }
    }
}

fn text_of<'a>(part: Option<(Object<'a>, ReservedKeys)>) -> Option<&'a str> {
    part.map(|(object, _)| object.get())
}

fn base64(bytes: Half) -> Id128 {
    let mut text = [0; 24];
    // 16 bytes are 24 characters of base64, so the slice is exactly large enough.
    let _ = STANDARD.encode_slice(bytes, &mut text);
    text
}
