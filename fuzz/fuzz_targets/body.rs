//! A request: its path, a newline, its body. No request makes a panic; each payload is JSON, and
//! the request is answered once when its calls have ended.
#![no_main]

use freshpaint_core::clock::{Now, SteadyMillis, UnixMillis, UnixSeconds};
use freshpaint_core::intake::Head;
use freshpaint_core::test_util::{self, SharedMemory};
use freshpaint_core::upload::Upload;
use freshpaint_core::worker::Worker;
use freshpaint_fuzz::{worker, worker_with_rules};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

const NOW: Now = Now {
    steady: 0,
    unix: UnixMillis(1_767_323_045_678),
};

/// By then every event has been answered for.
const LIMIT: SteadyMillis = 60_000;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let path = parts.next().unwrap_or_default();
    let body = parts.next().unwrap_or_default();
    for worker in [worker(), worker_with_rules()] {
        deliver(worker, path, body);
    }
});

fn deliver(mut worker: Worker, path: &[u8], body: &[u8]) {
    let mut shared = SharedMemory::default();
    let upload = worker.handle_head(&Head {
        method: if body.is_empty() { b"GET" } else { b"POST" },
        end_of_stream: body.is_empty(),
        ..Head::post(path)
    });
    let Some(mut upload) = upload else {
        return;
    };
    for piece in body.chunks(100) {
        let read = || piece.to_vec();
        upload = worker.handle_piece(upload, piece.len(), read, || NOW.steady, &mut shared);
    }
    let Upload::Gathering(whole) = upload else {
        return;
    };
    let taken = worker.handle_body(whole, 1, NOW, &mut shared);
    let (mut now, mut last_token, mut replies) = (NOW.steady, 0, 0);
    loop {
        let mut tokens = Vec::new();
        while let Some(call) = worker.poll_call(now, &mut shared, UnixSeconds::default) {
            let payload: Result<&RawValue, _> = serde_json::from_slice(call.body());
            assert!(payload.is_ok(), "a payload that is no JSON");
            last_token += 1;
            worker.handle_dispatched(&call, Ok(last_token), now, &mut shared);
            tokens.push(last_token);
        }
        for token in tokens {
            worker.handle_response(token, &test_util::answer(200), now, &mut shared);
        }
        while let Some((stream, _)) = worker.poll_reply() {
            assert_eq!(stream, 1);
            replies += 1;
        }
        if worker.is_empty() || now > LIMIT {
            break;
        }
        // Many calls are made over many turns of the loop.
        now += worker.poll_timeout(now).unwrap_or(1).max(1);
        worker.handle_timeout(now, &mut shared);
    }
    assert_eq!(replies, usize::from(taken.is_ok()), "one answer");
    assert!(worker.is_empty());
}
