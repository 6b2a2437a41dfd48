//! Reads `limits`, `retry`, `dedupe` and `observe`, and holds their fields against each other.

use freshpaint_core::config::{Dedupe, Limits, Observe, Retry};

use super::duration;
use super::fields::Members;
use super::headers;
use super::read::{Object, Reader};

/// Reads `limits`.
pub(super) fn read_limits(root: &Object<'_>, reader: &mut Reader<'_>) -> Limits {
    let Some(object) = root
        .get("limits")
        .and_then(|field| field.object(Limits::KEYS, reader))
    else {
        return Limits::default();
    };
    let limits = Limits::read(&mut Members {
        object: &object,
        reader: &mut *reader,
    });
    if limits.max_body_bytes > limits.max_decoded_bytes {
        let message = format!(
            "is {}, more than limits.max_decoded_bytes, which plain bodies are held against too; \
             write at most {}",
            limits.max_body_bytes, limits.max_decoded_bytes
        );
        reader.warning(&object.path_of("max_body_bytes"), message);
    }
    if limits.max_in_flight_bytes < limits.max_decoded_bytes {
        let message = format!(
            "is {}, less than limits.max_decoded_bytes, so that the largest requests can never be \
             taken; write at least {}",
            limits.max_in_flight_bytes, limits.max_decoded_bytes
        );
        reader.warning(&object.path_of("max_in_flight_bytes"), message);
    }
    if limits.max_in_flight < limits.max_in_flight_per_webhook {
        let message = format!(
            "is {}, less than limits.max_in_flight_per_webhook, which is for one of the webhooks; \
             write at least {}",
            limits.max_in_flight, limits.max_in_flight_per_webhook
        );
        reader.warning(&object.path_of("max_in_flight"), message);
    }
    limits
}

/// Reads `retry`.
pub(super) fn read_retry(root: &Object<'_>, reader: &mut Reader<'_>) -> Retry {
    let Some(object) = root
        .get("retry")
        .and_then(|field| field.object(Retry::KEYS, reader))
    else {
        return Retry::default();
    };
    let retry = Retry::read(&mut Members {
        object: &object,
        reader: &mut *reader,
    });
    if retry.max_backoff < retry.initial_backoff {
        let least = duration::text(retry.initial_backoff);
        let message = format!(
            "is \"{}\", less than retry.initial_backoff; write at least \"{least}\"",
            duration::text(retry.max_backoff)
        );
        reader.problem(&object.path_of("max_backoff"), message);
    }
    retry
}

/// Reads `dedupe`.
pub(super) fn read_dedupe(root: &Object<'_>, reader: &mut Reader<'_>) -> Dedupe {
    section(root, "dedupe", Dedupe::KEYS, reader, |it| Dedupe::read(it))
}

/// Reads `observe`.
pub(super) fn read_observe(root: &Object<'_>, reader: &mut Reader<'_>) -> Observe {
    let observe = section(root, "observe", Observe::KEYS, reader, |it| {
        Observe::read(it)
    });
    if observe.trace {
        headers::leave_traces(root, reader);
    }
    observe
}

/// The object under `key`, with nothing to be held against each other in it; the default when it
/// is not written.
fn section<T: Default>(
    root: &Object<'_>,
    key: &str,
    keys: &'static [&'static str],
    reader: &mut Reader<'_>,
    read: impl FnOnce(&mut Members<'_, '_, '_>) -> T,
) -> T {
    let field = root.get(key);
    let Some(object) = field.and_then(|field| field.object(keys, reader)) else {
        return T::default();
    };
    read(&mut Members {
        object: &object,
        reader,
    })
}
