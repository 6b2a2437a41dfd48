//! The host's functions, as bytes and `Result`s.
//!
//! The SDK's `String` getters and the helpers of its traits panic on some bytes that a client or a
//! webhook can send, and one panic takes down a worker's whole VM. No other folder of this crate
//! calls the host.

#[allow(unsafe_code)] // Bindings have no safe form.
mod front;
mod header_map;
mod metrics;
pub(crate) mod shared_data;
mod wake_queue;
#[allow(unsafe_code)] // Bindings have no safe form.
mod wasi;

use std::time::Duration;

use freshpaint_core::clock::{Now, SteadyMillis, UnixMillis, UnixSeconds};
use freshpaint_core::delivery::outcome::NotSent;
use freshpaint_core::local_reply::LocalReply;
use freshpaint_core::observe::{Metric, MetricKind};
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType, MetricType, Status};

pub(crate) use front::{remove_request_header, resume_request, set_request_header};
pub(crate) use header_map::{HeaderMap, RequestHead};
pub(crate) use metrics::Metrics;
pub(crate) use shared_data::SharedData;
pub(crate) use wake_queue::WakeQueue;

/// The clock for deadlines.
pub(crate) fn steady() -> SteadyMillis {
    wasi::clock(wasi::MONOTONIC) / 1_000_000
}

/// Seconds of the wall clock, for signatures.
pub(crate) fn unix_seconds() -> UnixSeconds {
    UnixSeconds(i64::try_from(wasi::clock(wasi::REALTIME) / 1_000_000_000).unwrap_or(0))
}

/// Both clocks.
pub(crate) fn now() -> Now {
    Now {
        steady: steady(),
        unix: UnixMillis(i64::try_from(wasi::clock(wasi::REALTIME) / 1_000_000).unwrap_or(0)),
    }
}

/// Fills `bytes` with randomness; leaves them as they are when the host has none.
pub(crate) fn random(bytes: &mut [u8]) {
    wasi::random(bytes);
}

/// `vm_config.environment_variables`. `std::env` does not see them on this target.
pub(crate) fn environment() -> Vec<(String, String)> {
    wasi::environment()
        .split(|byte| *byte == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(crate) fn plugin_configuration() -> Vec<u8> {
    hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX)
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The `name` and the `root_id` of the plugin's configuration in Envoy; both are optional there.
pub(crate) fn plugin_name() -> Vec<u8> {
    let mut name = property("plugin_name");
    name.push(0);
    name.extend(property("plugin_root_id"));
    name
}

fn property(name: &str) -> Vec<u8> {
    hostcalls::get_property(vec![name])
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The address of the request's client as the connection manager determines it
/// (`use_remote_address`, `xff_num_trusted_hops`).
fn client_address() -> Option<Vec<u8>> {
    hostcalls::get_property(vec!["source", "address"])
        .ok()
        .flatten()
}

/// The number of the request's connection. Later connections have higher ones (Envoy
/// `source/common/network/connection_impl.cc`, `next_global_id_`).
pub(crate) fn connection() -> Option<u64> {
    number(vec!["connection", "id"])
}

/// A property that is a number.
// One copy of it in the module is enough.
#[inline(never)]
fn number(path: Vec<&str>) -> Option<u64> {
    let bytes = hostcalls::get_property(path).ok().flatten()?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// Every header of the request, as the host writes header maps; empty when there are none.
#[allow(unsafe_code)]
fn request_headers() -> Vec<u8> {
    extern "C" {
        fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    }
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    let map = MapType::HttpRequestHeaders as u32;
    // SAFETY: the call writes a pointer and a size, through pointers to variables of these types.
    let status = unsafe { proxy_get_header_map_pairs(map, &raw mut data, &raw mut size) };
    if status != Status::Ok as u32 || data.is_null() {
        return Vec::new();
    }
    // SAFETY: the host got these bytes from the SDK's allocator, which forgot a `Vec` of that size,
    // and gives them away.
    unsafe { Vec::from_raw_parts(data, size, size) }
}

/// The piece of the body that this callback is about; all of it so far, where Envoy keeps it.
pub(crate) fn request_body(size: usize) -> Vec<u8> {
    hostcalls::get_buffer(BufferType::HttpRequestBody, 0, size)
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// Whether bytes of a body have come to Envoy, in the stream that [`enter`] has entered. If so the
/// whole request is larger than its head (Envoy
/// `source/extensions/filters/common/expr/context.cc`).
pub(crate) fn body_has_arrived() -> bool {
    let total = number(vec!["request", "total_size"]);
    total.is_some_and(|total| total > HeaderMap::of_request().byte_size())
}

/// How many streams one callback may reply to, or let go on. The host does it when the callback
/// has returned, one within the other, each with callbacks of its own (proxy-wasm-cpp-host
/// `doAfterVmCallActions`): some thousand overflow the VM's stack.
pub(crate) const MAX_ENDED_STREAMS: usize = 64;

/// Replies to the stream whose callback this is, or to the one that [`enter`] has entered.
pub(crate) fn send_local_reply(reply: &LocalReply) -> Result<(), Status> {
    if !reply.access_log.is_empty() {
        set_filter_state(reply.access_log.as_bytes());
    }
    let headers = reply
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_ref()))
        .collect();
    hostcalls::send_http_response(u32::from(reply.status), headers, Some(&reply.body))
}

/// Sets `wasm.freshpaint` in the filter state of the stream (Envoy
/// `source/extensions/common/wasm/context.cc`, `setProperty`).
#[allow(unsafe_code)]
fn set_filter_state(value: &[u8]) {
    // The SDK's own function panics when the host refuses.
    #[link(wasm_import_module = "env")]
    extern "C" {
        fn proxy_set_property(
            path: *const u8,
            path_size: usize,
            value: *const u8,
            size: usize,
        ) -> u32;
    }
    let path = b"freshpaint";
    // SAFETY: pointers and sizes are those of slices that outlive the call.
    let _ = unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) };
}

/// Has host functions act on this context from now on; `Err` when it is gone.
pub(crate) fn enter(context_id: u32) -> Result<(), Status> {
    hostcalls::set_effective_context(context_id)
}

/// Starts an HTTP call of the current root; its token, or why there is none.
pub(crate) fn call(
    cluster: &str,
    headers: Vec<(&str, &str)>,
    body: &[u8],
    timeout: Duration,
) -> Result<u32, NotSent> {
    hostcalls::dispatch_http_call(cluster, headers, Some(body), Vec::new(), timeout).map_err(
        |status| match status {
            Status::BadArgument => NotSent::UnknownCluster,
            _ => NotSent::NoCapacity,
        },
    )
}

pub(crate) fn response_header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, name)
        .ok()
        .flatten()
}

/// Ticks of the current root; `None` stops them.
pub(crate) fn set_tick(period: Option<Duration>) {
    let _ = hostcalls::set_tick_period(period.unwrap_or(Duration::ZERO));
}

/// Says that the current root has nothing left to do.
#[allow(unsafe_code)]
pub(crate) fn done() {
    // The SDK's own function panics when the host has forgotten that it waits for this root.
    // Since Rust 1.96 a function without a module to import it from does not link.
    #[link(wasm_import_module = "env")]
    extern "C" {
        fn proxy_done() -> u32;
    }
    // SAFETY: the call takes nothing and returns a status.
    let _ = unsafe { proxy_done() };
}

fn define_metric(metric: &Metric) -> Option<u32> {
    let kind = match metric.kind {
        MetricKind::Counter => MetricType::Counter,
        MetricKind::Gauge => MetricType::Gauge,
        MetricKind::Histogram => MetricType::Histogram,
    };
    hostcalls::define_metric(kind, &metric.name).ok()
}

/// Adds to a counter, which refuses an increment of zero (Envoy
/// `source/extensions/common/wasm/context.cc`).
fn increment(counter: u32, by: u32) {
    let _ = hostcalls::increment_metric(counter, i64::from(by));
}

/// Sets a gauge that has a lower value.
fn raise(gauge: u32, value: u64) {
    if hostcalls::get_metric(gauge).is_ok_and(|known| known < value) {
        record(gauge, value);
    }
}

/// Sets a gauge, or gives a histogram one more value.
fn record(metric: u32, value: u64) {
    let _ = hostcalls::record_metric(metric, value);
}
