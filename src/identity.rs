//! The identity of a root: it differs from that of every other root in the process.

use freshpaint_core::delivery::dedupe::Owner;
use freshpaint_core::worker::Identity;

use crate::host::{self, shared_data};

/// A new identity for a plugin of this name.
pub(crate) fn new(plugin: &[u8]) -> Identity<'_> {
    let mut seed = [0; 8];
    host::random(&mut seed);
    let id_key = shared_data::get_or_create("freshpaint_webhooks.id_key", || {
        let mut key = vec![0; 16];
        host::random(&mut key);
        key
    });
    Identity {
        owner: Owner::numbered(shared_data::next_number("freshpaint_webhooks.owners")),
        seed: u64::from_le_bytes(seed),
        id_key: id_key.try_into().unwrap_or_default(),
        plugin,
    }
}
