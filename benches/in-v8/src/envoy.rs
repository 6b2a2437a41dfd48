//! The filter: times everything when it is configured, and writes one log line for each case.

use std::hint::black_box;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::{BufferType, LogLevel, MetricType};

use crate::{time, time_all, Timing};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Bench));
}}

struct Bench;

impl Context for Bench {}

impl RootContext for Bench {
    fn on_configure(&mut self, _: usize) -> bool {
        time_host();
        time_all(&clock, |timing| report(&timing));
        true
    }
}

fn report(timing: &Timing) {
    let _ = hostcalls::log(LogLevel::Info, &timing.to_string());
}

mod wasi {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    extern "C" {
        pub(super) fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> u32;
        pub(super) fn random_get(bytes: *mut u8, size: usize) -> u32;
    }
}

/// Nanoseconds of the clock that is never set back.
fn clock() -> u64 {
    let mut time = 0;
    // SAFETY: the call writes one integer through a pointer to one.
    let _ = unsafe { wasi::clock_time_get(1, 1, &raw mut time) };
    time
}

/// The host's functions that can be called outside a stream, through the SDK as the shell calls
/// them.
fn time_host() {
    let headers = || {
        vec![
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "example.com"),
            (":path", "/in"),
            ("content-type", "application/json"),
            ("user-agent", "freshpaint-webhooks/0.1.0"),
        ]
    };
    let bucket = [7; 8 * 16];
    let payload = [b'x'; 500];
    let key = |bucket: u32| format!("freshpaint.e.{bucket:08x}");
    for bucket_key in 0..32_768 {
        let _ = hostcalls::set_shared_data(&key(bucket_key), Some(&bucket), None);
    }
    let counter = hostcalls::define_metric(MetricType::Counter, "freshpaint_in_v8.calls");
    let counter = counter.unwrap_or_default();
    let queue = hostcalls::register_shared_queue("freshpaint_in_v8").unwrap_or_default();
    let mut random = [0; 16];
    let mut next = 0_u32;
    let mut spread = || {
        next = next.wrapping_add(10_007) % 32_768;
        next
    };
    let host = |name: &str, run: &mut dyn FnMut()| {
        report(&Timing {
            group: "host".to_owned(),
            name: name.to_owned(),
            nanos: time(&clock, run),
        });
    };
    host("clock", &mut || {
        black_box(clock());
    });
    host("random, 16 bytes", &mut || {
        // SAFETY: the pointer and the length are those of an array that outlives the call.
        let _ = unsafe { wasi::random_get(random.as_mut_ptr(), random.len()) };
    });
    host("increment_metric", &mut || {
        let _ = hostcalls::increment_metric(counter, 1);
    });
    host("get_property plugin_name", &mut || {
        let _ = black_box(hostcalls::get_property(vec!["plugin_name"]));
    });
    host("get_buffer, 0.6 KB", &mut || {
        let kind = BufferType::PluginConfiguration;
        let _ = black_box(hostcalls::get_buffer(kind, 0, 614));
    });
    host("get_buffer, 12 KB", &mut || {
        let kind = BufferType::PluginConfiguration;
        let _ = black_box(hostcalls::get_buffer(kind, 0, 12_000));
    });
    host("get_shared_data, none there", &mut || {
        let _ = black_box(hostcalls::get_shared_data("freshpaint.e.x"));
    });
    host("get_shared_data, 128 bytes", &mut || {
        let _ = black_box(hostcalls::get_shared_data(&key(1)));
    });
    host("get_shared_data, 128 bytes, any of 32,768", &mut || {
        let _ = black_box(hostcalls::get_shared_data(&key(spread())));
    });
    host("set_shared_data, 128 bytes", &mut || {
        let _ = hostcalls::set_shared_data(&key(1), Some(&bucket), None);
    });
    host("set_shared_data, 128 bytes, mark is stale", &mut || {
        let stale = Some(u32::MAX);
        let _ = black_box(hostcalls::set_shared_data(&key(1), Some(&bucket), stale));
    });
    host("make a key of shared data (no call)", &mut || {
        black_box(key(black_box(12_345)));
    });
    host(
        "enqueue_shared_queue + dequeue_shared_queue, 1 byte",
        &mut || {
            let _ = hostcalls::enqueue_shared_queue(queue, Some(&[0]));
            let _ = hostcalls::dequeue_shared_queue(queue);
        },
    );
    // The host asks the VM for memory only where there is something to put into it.
    host(
        "enqueue_shared_queue + dequeue_shared_queue, 0 bytes",
        &mut || {
            let _ = hostcalls::enqueue_shared_queue(queue, None);
            let _ = hostcalls::dequeue_shared_queue(queue);
        },
    );
    host("set_effective_context, none there", &mut || {
        let _ = black_box(hostcalls::set_effective_context(u32::MAX));
    });
    host("set_tick_period", &mut || {
        let _ = hostcalls::set_tick_period(Duration::from_secs(3_600));
    });
    let _ = hostcalls::set_tick_period(Duration::ZERO);
    host("log, below the host's level", &mut || {
        let _ = hostcalls::log(LogLevel::Trace, "a line of 30 bytes, not written");
    });
    host(
        "dispatch_http_call, unknown cluster, 6 headers, 500 bytes",
        &mut || {
            let timeout = Duration::from_secs(5);
            let made = hostcalls::dispatch_http_call(
                "none",
                headers(),
                Some(&payload),
                Vec::new(),
                timeout,
            );
            let _ = black_box(made);
        },
    );
}
