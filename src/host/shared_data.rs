//! The host's shared data, with the table of recognised events in it.

use freshpaint_core::delivery::dedupe::{Cas, Heartbeat, Owner, Shared};
use freshpaint_core::observe::peers::{Board, Version};

use proxy_wasm::hostcalls;
use proxy_wasm::types::Status;

/// The host numbers values from 1, so no value has this number. A write with it creates a value and
/// never replaces one.
const CREATE: u32 = u32::MAX;

/// The shared data of the process.
#[derive(Debug)]
pub(crate) struct SharedData;

impl Shared for SharedData {
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Cas) {
        let (value, cas) = read(&bucket_key(bucket));
        (value.unwrap_or_default(), Cas(cas))
    }

    fn store(&mut self, bucket: u32, value: &[u8], cas: Cas) -> bool {
        write(&bucket_key(bucket), value, Some(cas.0.unwrap_or(CREATE))).is_ok()
    }

    fn heartbeat_of(&mut self, owner: Owner) -> Option<Heartbeat> {
        Heartbeat::of(&read(&heartbeat_key(owner)).0?, owner)
    }

    fn beat(&mut self, owner: Owner, heartbeat: Heartbeat) {
        let _ = write(&heartbeat_key(owner), &heartbeat.to_bytes(owner), None);
    }
}

impl Board for SharedData {
    fn read(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        // An empty value comes without its bytes, but with its number.
        let (value, cas) = read(key);
        Some((value.unwrap_or_default(), Version(cas?)))
    }

    fn write(&mut self, key: &str, value: &[u8], replaced: Option<Version>) -> bool {
        let cas = replaced.map_or(CREATE, |Version(cas)| cas);
        write(key, value, Some(cas)).is_ok()
    }
}

/// Two versions of the module share these keys while one replaces the other under one `vm_id`. A
/// version that changes what stands under a key gives it another name.
///
/// The keys are short enough for the host's `std::string` to need no memory of its own (22 bytes in
/// libc++). Two keys are made for each event.
fn bucket_key(bucket: u32) -> String {
    key("freshpaint.e.", bucket)
}

fn heartbeat_key(owner: Owner) -> String {
    key("freshpaint.p.", owner.place())
}

/// `prefix` and eight hexadecimal digits; `format!` takes three times as long.
fn key(prefix: &str, number: u32) -> String {
    let mut key = String::with_capacity(prefix.len() + 8);
    key.push_str(prefix);
    key.extend(
        (0..8)
            .rev()
            .filter_map(|digit| char::from_digit(number >> (4 * digit) & 0xf, 16)),
    );
    key
}

/// The value under `key`. The first worker that asks makes it with `make`, and all others get the
/// same.
pub(crate) fn get_or_create(key: &str, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    if let (Some(value), _) = read(key) {
        return value;
    }
    let made = make();
    match write(key, &made, Some(CREATE)) {
        Ok(()) => made,
        Err(_) => read(key).0.unwrap_or(made),
    }
}

/// Notes `value` under a number. Says whether it differs from the value that was noted last.
pub(crate) fn note(number: u32, value: &[u8]) -> bool {
    let key = key("freshpaint.c.", number);
    let (noted, cas) = read(&key);
    noted.as_deref() != Some(value) && write(&key, value, Some(cas.unwrap_or(CREATE))).is_ok()
}

/// A number that no other caller in the process gets.
pub(crate) fn next_number(key: &str) -> u32 {
    loop {
        let (value, cas) = read(key);
        let last = value
            .and_then(|value| value.try_into().ok())
            .map_or(0, u32::from_le_bytes);
        let next = last.wrapping_add(1);
        if write(key, &next.to_le_bytes(), Some(cas.unwrap_or(CREATE))).is_ok() {
            return next;
        }
    }
}

/// The value, and what [`write`] needs to replace exactly this one.
fn read(key: &str) -> (Option<Vec<u8>>, Option<u32>) {
    hostcalls::get_shared_data(key).unwrap_or((None, None))
}

/// `cas` as read with the value; `None` writes whatever there is. `Err` when another worker was
/// first.
fn write(key: &str, value: &[u8], cas: Option<u32>) -> Result<(), Status> {
    hostcalls::set_shared_data(key, Some(value), cas)
}
