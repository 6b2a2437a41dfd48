//! The id of an event whose SDK gives it none.

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::draft::Draft;
use crate::event::{Id128, MessageId};
use crate::json::{Id, Object, Text, Value};

/// The id that the SDK sent; else, for an event with a time, a hash of the event; else a random id.
pub(super) fn of<'a>(draft: &Draft<'a>, random: &mut fastrand::Rng) -> MessageId<'a> {
    match (draft.message_id, draft.time) {
        (Some(id), _) => MessageId::Sent(id),
        (None, Some(time)) => MessageId::Computed(base64(hash(draft, time))),
        (None, None) => MessageId::Random(base64(random.u128(..).to_be_bytes())),
    }
}

/// 128 bits of SHA-256 over the fields of the event that stay the same when it is sent again.
///
/// Fields come in a fixed order, each after its length, so that no two events give the same bytes.
fn hash(draft: &Draft<'_>, time: Value<'_>) -> [u8; 16] {
    let mut hasher = Sha256::new();
    let mut field = |text: Option<&str>| {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(length.to_be_bytes());
        hasher.update(text.unwrap_or_default());
    };
    field(Some(draft.kind.as_str()));
    field(draft.name.map(Text::escaped));
    field(Some(time.get()));
    for id in [
        draft.anonymous_id,
        draft.user_id,
        draft.group_id,
        draft.source,
    ] {
        field(id.map(Id::escaped));
    }
    for text in [draft.page.url, draft.page.title, draft.page.path] {
        field(text.map(Text::escaped));
    }
    for part in draft.properties.parts {
        field(part.map(|(object, _)| object.get()));
    }
    field(draft.traits.map(Object::get));
    let digest: [u8; 32] = hasher.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    half
}

fn base64(bytes: [u8; 16]) -> Id128 {
    let mut text = [0; 24];
    // 16 bytes are 24 characters of base64, so the slice is exactly large enough.
    let _ = STANDARD.encode_slice(bytes, &mut text);
    text
}
