//! Where a key belongs that stands in the wrong object.

use freshpaint_core::config::{Batch, Collect, Dedupe, Limits, Observe, Retry};

use super::quote::shown;
use super::{profile, properties, root, rules, signing, webhook};

/// The objects of the tree and their keys.
const OBJECTS: [(&str, &[&str]); 11] = [
    ("options", webhook::OPTIONS_KEYS),
    ("events", rules::EVENTS_KEYS),
    ("properties", properties::KEYS),
    ("batch", Batch::KEYS),
    ("signing", signing::KEYS),
    ("context", profile::CONTEXT_KEYS),
    ("collect", Collect::KEYS),
    ("limits", Limits::KEYS),
    ("retry", Retry::KEYS),
    ("dedupe", Dedupe::KEYS),
    ("observe", Observe::KEYS),
];

/// The remedy for a key that the object at `path`, which has the keys `known`, does not have.
pub(super) fn place(key: &str, path: &str, known: &[&str]) -> Option<String> {
    let inner: Vec<_> = OBJECTS
        .iter()
        .filter(|(object, keys)| known.contains(object) && keys.contains(&key))
        .map(|(object, _)| format!("{object}: {{{key}: ...}}"))
        .collect();
    if !inner.is_empty() {
        return Some(format!("write {}", inner.join(" or ")));
    }
    if path.is_empty() && webhook::KEYS.contains(&key) {
        return Some(format!("write {} into a webhook", shown(key)));
    }
    if !path.is_empty() && root::KEYS.contains(&key) {
        return Some(format!("write {} at the top, beside webhooks", shown(key)));
    }
    None
}
