//! A request: its path, a newline, its body. Whatever they are, there is no panic, each payload is
//! JSON, and the request is answered once when its calls have ended.
#![no_main]

use freshpaint_core::clock::{Now, UnixMillis, UnixSeconds};
use freshpaint_core::delivery::outcome::CallResponse;
use freshpaint_core::intake::Head;
use freshpaint_core::test_util::SharedMemory;
use freshpaint_core::upload::Upload;
use freshpaint_fuzz::{worker, NoHeaders};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

const NOW: Now = Now {
    steady: 0,
    unix: UnixMillis(1_767_323_045_678),
};

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let path = parts.next().unwrap_or_default();
    let body = parts.next().unwrap_or_default();
    let mut worker = worker();
    let mut shared = SharedMemory::default();
    let upload = worker.handle_head(&Head {
        method: if body.is_empty() { b"GET" } else { b"POST" },
        path,
        headers: &NoHeaders,
        end_of_stream: body.is_empty(),
    });
    let Some(mut upload) = upload else {
        return;
    };
    for piece in body.chunks(100) {
        upload = worker.handle_piece(upload, piece.len(), || piece.to_vec());
    }
    let Upload::Gathering(whole) = upload else {
        return;
    };
    let taken = worker.handle_body(whole, 1, NOW, &mut shared);
    let mut tokens = Vec::new();
    while let Some(call) = worker.poll_call(NOW.steady, &mut shared, UnixSeconds::default) {
        let payload: Result<&RawValue, _> = serde_json::from_slice(call.body());
        assert!(payload.is_ok(), "a payload that is no JSON");
        let token = tokens.len() as u32;
        worker.handle_dispatched(&call, Ok(token), NOW.steady, &mut shared);
        tokens.push(token);
    }
    let delivered = CallResponse {
        status: Some(200),
        answered: true,
        ..CallResponse::default()
    };
    for token in tokens {
        worker.handle_response(token, &delivered, NOW.steady, &mut shared);
    }
    if taken.is_ok() {
        let (stream, _) = worker.poll_reply().expect("no answer");
        assert_eq!(stream, 1);
    }
    assert!(worker.poll_reply().is_none(), "a second answer");
    assert!(worker.is_empty());
});
