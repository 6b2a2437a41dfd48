//! The host's functions, by the names that the module imports: proxy-wasm ABI 0.2.1 and WASI.
//!
//! They answer as Envoy 1.40 does. A panic here could not unwind through the module, so that what must not happen is
//! written down as a violation and raised when the module has returned.

use std::ptr::null_mut;
use std::slice;
use std::time::Duration;

use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType, Status};

use super::state::{next_id, with, After, Queue};
use super::wire::read_map;
use super::{Answer, Call, Headers};

extern "C" {
    fn proxy_on_memory_allocate(size: usize) -> *mut u8;
}

/// What the module passes.
fn taken(data: *const u8, size: usize) -> Vec<u8> {
    if data.is_null() {
        return Vec::new();
    }
    // SAFETY: the SDK passes the pointer and the length of one slice.
    unsafe { slice::from_raw_parts(data, size) }.to_vec()
}

fn text(data: *const u8, size: usize) -> String {
    String::from_utf8_lossy(&taken(data, size)).into_owned()
}

/// Gives bytes to the module, in memory that the module's own allocator made; nothing is a null pointer, as in Envoy.
fn give(bytes: &[u8], data: *mut *mut u8, size: *mut usize) {
    let mut place = null_mut();
    if !bytes.is_empty() {
        // SAFETY: the allocator gives as many bytes as it is asked for.
        unsafe {
            place = proxy_on_memory_allocate(bytes.len());
            place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }
    put(place, data);
    put(bytes.len(), size);
}

fn put<T>(value: T, place: *mut T) {
    // SAFETY: the SDK passes pointers to its own variables.
    unsafe { place.write(value) };
}

#[no_mangle]
extern "C" fn proxy_log(level: LogLevel, message: *const u8, size: usize) -> Status {
    let message = text(message, size);
    with(|state| {
        state.count("proxy_log");
        state.logs.push((level, message));
    });
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_set_tick_period_milliseconds(period: u32) -> Status {
    with(|state| {
        state.count("proxy_set_tick_period_milliseconds");
        let (root, now) = (state.acting_root(), state.steady);
        if let Some(root) = state.roots.get_mut(&root) {
            let period = Duration::from_millis(period.into());
            root.tick = (!period.is_zero()).then_some((now + period, period));
            root.ticks_set += 1;
        }
    });
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_get_buffer_bytes(
    buffer: BufferType,
    start: usize,
    most: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let bytes = with(|state| {
        state.count(format!("proxy_get_buffer_bytes {buffer:?}"));
        match buffer {
            BufferType::PluginConfiguration => Some(state.configuration.clone()),
            BufferType::HttpRequestBody => Some(state.streams.get(&state.acting())?.body.clone()),
            _ => None,
        }
    });
    let Some(bytes) = bytes else {
        return Status::NotFound;
    };
    let end = start.saturating_add(most).min(bytes.len());
    give(bytes.get(start..end).unwrap_or_default(), data, size);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_get_header_map_value(
    map: MapType,
    name: *const u8,
    name_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let name = text(name, name_size);
    let value = with(|state| {
        state.count(format!("proxy_get_header_map_value {name}"));
        match map {
            MapType::HttpRequestHeaders => joined(&state.streams.get(&state.acting())?.head, &name),
            MapType::HttpCallResponseHeaders => joined(&state.response, &name),
            _ => None,
        }
    });
    let Some(value) = value else {
        return Status::NotFound;
    };
    give(&value, data, size);
    Status::Ok
}

/// Envoy joins the values of a repeated header with commas.
fn joined(headers: &Headers, name: &str) -> Option<Vec<u8>> {
    let values: Vec<_> = headers
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.as_slice())
        .collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

#[no_mangle]
extern "C" fn proxy_get_property(
    path: *const u8,
    path_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let path = text(path, path_size);
    let name = with(|state| {
        state.count(format!("proxy_get_property {path}"));
        state.plugin_name.clone()
    });
    if path != "plugin_name" {
        return Status::NotFound;
    }
    give(name.as_bytes(), data, size);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_get_shared_data(
    key: *const u8,
    key_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
    cas: *mut u32,
) -> Status {
    let key = text(key, key_size);
    let found = with(|state| {
        state.count(format!("proxy_get_shared_data {}", kind_of(&key)));
        state.shared_data.get(&key).cloned()
    });
    let Some((value, mark)) = found else {
        return Status::NotFound;
    };
    give(&value, data, size);
    put(mark, cas);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_set_shared_data(
    key: *const u8,
    key_size: usize,
    value: *const u8,
    value_size: usize,
    cas: u32,
) -> Status {
    let (key, value) = (text(key, key_size), taken(value, value_size));
    with(|state| {
        state.count(format!("proxy_set_shared_data {}", kind_of(&key)));
        // A key that is new takes any mark (proxy-wasm-cpp-host `src/shared_data.cc`).
        if let Some((_, mark)) = state.shared_data.get(&key) {
            if cas != 0 && cas != *mark {
                return Status::CasMismatch;
            }
        }
        state.last_cas += 1;
        state.shared_data.insert(key, (value, state.last_cas));
        Status::Ok
    })
}

/// `freshpaint_webhooks.event` of `freshpaint_webhooks.event.417`.
fn kind_of(key: &str) -> &str {
    key.trim_end_matches(|last: char| last.is_ascii_digit())
        .trim_end_matches('.')
}

#[no_mangle]
extern "C" fn proxy_register_shared_queue(
    name: *const u8,
    name_size: usize,
    queue: *mut u32,
) -> Status {
    let name = text(name, name_size);
    let id = with(|state| {
        state.count("proxy_register_shared_queue");
        let root = state.acting_root();
        // Who registers a name last owns it.
        let known = state.queues.iter().position(|queue| queue.name == name);
        let index = known.unwrap_or(state.queues.len());
        if let Some(queue) = state.queues.get_mut(index) {
            queue.root = root;
        } else {
            let items = Default::default();
            state.queues.push(Queue { name, root, items });
        }
        index as u32 + 1
    });
    put(id, queue);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_enqueue_shared_queue(id: u32, value: *const u8, value_size: usize) -> Status {
    let value = taken(value, value_size);
    with(|state| {
        state.count("proxy_enqueue_shared_queue");
        let Some(queue) = state.queues.get_mut((id as usize).wrapping_sub(1)) else {
            return Status::NotFound;
        };
        queue.items.push_back(value);
        state.wakes.push_back(id);
        Status::Ok
    })
}

#[no_mangle]
extern "C" fn proxy_dequeue_shared_queue(id: u32, data: *mut *mut u8, size: *mut usize) -> Status {
    let item = with(|state| {
        state.count("proxy_dequeue_shared_queue");
        let queue = state.queues.get_mut((id as usize).wrapping_sub(1));
        queue.map_or(Err(Status::NotFound), |queue| {
            queue.items.pop_front().ok_or(Status::Empty)
        })
    });
    match item {
        Ok(item) => {
            give(&item, data, size);
            Status::Ok
        }
        Err(status) => status,
    }
}

#[no_mangle]
extern "C" fn proxy_set_effective_context(context: u32) -> Status {
    with(|state| {
        state.count("proxy_set_effective_context");
        if !state.knows(context) {
            return Status::BadArgument;
        }
        state.entered = Some(context);
        Status::Ok
    })
}

#[no_mangle]
extern "C" fn proxy_send_local_response(
    status: u32,
    _details: *const u8,
    _details_size: usize,
    body: *const u8,
    body_size: usize,
    headers: *const u8,
    headers_size: usize,
    _grpc_status: i32,
) -> Status {
    let body = taken(body, body_size);
    let headers = read_map(&taken(headers, headers_size));
    with(|state| {
        state.count("proxy_send_local_response");
        let context = state.acting();
        let Some(headers) = headers else {
            state.violation("a local response with a header map that is none");
            return Status::Ok;
        };
        let Some(stream) = state.streams.get_mut(&context) else {
            state.violation("a local response while a root was acting: it goes nowhere");
            return Status::Ok;
        };
        // Envoy refuses it with `BadArgument`, at which the SDK panics.
        if std::mem::replace(&mut stream.answered, true) {
            state.violation("a second local response to one stream");
            return Status::Ok;
        }
        let answer = Answer {
            status,
            headers,
            body,
        };
        state.answers.push((context, answer));
        state.after_callback.push(After::Answered(context));
        Status::Ok
    })
}

#[no_mangle]
extern "C" fn proxy_http_call(
    cluster: *const u8,
    cluster_size: usize,
    headers: *const u8,
    headers_size: usize,
    body: *const u8,
    body_size: usize,
    trailers: *const u8,
    trailers_size: usize,
    timeout: u32,
    token: *mut u32,
) -> Status {
    let cluster = text(cluster, cluster_size);
    let (headers, trailers) = (taken(headers, headers_size), taken(trailers, trailers_size));
    let body = taken(body, body_size);
    let made = with(|state| {
        state.count("proxy_http_call");
        let root = state.current;
        if !state.roots.contains_key(&root) || state.acting() != root {
            state.violation("a call that was not made by a root: its end may never be heard");
        }
        if state.roots.get(&root).is_some_and(|root| root.configuring) {
            state.violation("a call from on_configure, which runs in every VM");
        }
        if read_map(&trailers).is_none_or(|trailers| !trailers.is_empty()) {
            state.violation("a call with trailers, which Envoy does not send");
        }
        if timeout == 0 {
            state.violation("a call without a timeout");
        }
        if let Some(refusal) = state.refusals.get(&cluster) {
            return Err(*refusal);
        }
        let headers = read_map(&headers).unwrap_or_default();
        let has = |wanted: &str| headers.iter().any(|(name, _)| name == wanted);
        if ![":method", ":path", ":authority"].into_iter().all(has) {
            return Err(Status::BadArgument);
        }
        let token = next_id();
        state.in_flight.insert(token, root);
        state.calls.push(Call {
            token,
            cluster,
            headers,
            body,
            timeout: Duration::from_millis(timeout.into()),
        });
        Ok(token)
    });
    match made {
        Ok(made) => {
            put(made, token);
            Status::Ok
        }
        Err(status) => status,
    }
}

#[no_mangle]
extern "C" fn proxy_done() -> Status {
    with(|state| {
        state.count("proxy_done");
        let id = state.acting_root();
        *state.done_calls.entry(id).or_default() += 1;
        let Some(root) = state.roots.get_mut(&id) else {
            return Status::InternalFailure;
        };
        // Envoy refuses it with `InternalFailure`, at which the SDK panics.
        if !std::mem::take(&mut root.pending_done) {
            state.violation("done() of a root that nobody waits for");
            return Status::Ok;
        }
        state.after_callback.push(After::Done(id));
        Status::Ok
    })
}

#[no_mangle]
extern "C" fn proxy_define_metric(
    _: MetricType,
    name: *const u8,
    name_size: usize,
    id: *mut u32,
) -> Status {
    let name = text(name, name_size);
    let index = with(|state| {
        state.count("proxy_define_metric");
        let known = state.metrics.iter().position(|(known, _)| *known == name);
        known.unwrap_or_else(|| {
            state.metrics.push((name, 0));
            state.metrics.len() - 1
        })
    });
    put(index as u32, id);
    Status::Ok
}

#[no_mangle]
extern "C" fn proxy_increment_metric(id: u32, by: i64) -> Status {
    with(|state| {
        let Some((name, value)) = state.metrics.get_mut(id as usize) else {
            return Status::NotFound;
        };
        let Some(by) = u64::try_from(by).ok().filter(|by| *by > 0) else {
            return Status::BadArgument;
        };
        *value += by;
        let host_call = format!("proxy_increment_metric {name}");
        state.count(host_call);
        if state.roots.values().any(|root| root.configuring) {
            state.violation("a count from on_configure, which runs in every VM");
        }
        Status::Ok
    })
}

#[no_mangle]
extern "C" fn clock_time_get(clock: u32, _precision: u64, time: *mut u64) -> u32 {
    let now = with(|state| {
        state.count("clock_time_get");
        if clock == 0 {
            state.unix
        } else {
            state.steady
        }
    });
    put(now.as_nanos() as u64, time);
    0
}

#[no_mangle]
extern "C" fn random_get(bytes: *mut u8, size: usize) -> u32 {
    // SAFETY: the module passes the pointer and the length of one buffer.
    let bytes = unsafe { slice::from_raw_parts_mut(bytes, size) };
    with(|state| {
        for byte in bytes {
            // Knuth's constants, MMIX; any sequence will do.
            state.randomness = state
                .randomness
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (state.randomness >> 56) as u8;
        }
    });
    0
}

#[no_mangle]
extern "C" fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u32 {
    let entries = with(|state| state.environment.clone());
    put(entries.iter().filter(|byte| **byte == 0).count(), count);
    put(entries.len(), size);
    0
}

#[no_mangle]
extern "C" fn environ_get(starts: *mut *mut u8, entries: *mut u8) -> u32 {
    let environment = with(|state| state.environment.clone());
    // SAFETY: the module has made room for what `environ_sizes_get` said.
    unsafe {
        entries.copy_from_nonoverlapping(environment.as_ptr(), environment.len());
        let ends = environment
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == 0);
        let mut start = 0;
        for (index, (end, _)) in ends.enumerate() {
            starts.add(index).write(entries.add(start));
            start = end + 1;
        }
    }
    0
}
