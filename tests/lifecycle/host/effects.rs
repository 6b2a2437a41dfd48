//! The host's functions that do something: calls, answers, timers.

use std::time::Duration;

use proxy_wasm::types::Status;

use super::memory::{put, taken, text};
use super::state::{next_id, with, After};
use super::wire::read_map;
use super::{Answer, Call};

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
        state.after_callback.push_back(After::Answered(context));
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
        // The host files it under the root (proxy-wasm-cpp-host `src/exports.cc`), the SDK under
        // whose callback it is in; that this was not a stream's, the tests of streams that are gone
        // before their calls end show.
        let root = state.acting_root();
        if state.acting() != state.current {
            state.violation("a call after another context was entered, whose root it may go to");
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
        state.after_callback.push_back(After::Done(id));
        Status::Ok
    })
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
extern "C" fn proxy_set_property(
    path: *const u8,
    path_size: usize,
    value: *const u8,
    value_size: usize,
) -> Status {
    let (path, value) = (text(path, path_size), text(value, value_size));
    with(|state| {
        state.count("proxy_set_property");
        let context = state.acting();
        if !state.streams.contains_key(&context) {
            state.violation("a property of a stream while none was acting");
        }
        state.filter_state.push((context, path, value));
    });
    Status::Ok
}
