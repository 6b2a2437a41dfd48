//! Reads `webhooks[].batch`.

use freshpaint_core::config::Batch;

use super::fields::Members;
use super::read::{Object, Reader};

/// The `batch` of a webhook; `None` when it has none.
pub(super) fn read(webhook: &Object<'_>, reader: &mut Reader<'_>) -> Option<Batch> {
    let object = webhook.get("batch")?.object(Batch::KEYS, reader)?;
    let object = &object;
    Some(Batch::read(&mut Members { object, reader }))
}
