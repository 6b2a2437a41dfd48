//! Answers of webhooks: lines `name: value`, with an empty line between calls; a call without lines
//! broke off. The SDK is answered once within 25 s, whatever they are.
#![no_main]

use freshpaint_core::clock::{Now, UnixSeconds};
use freshpaint_core::delivery::outcome::CallResponse;
use freshpaint_core::intake::Head;
use freshpaint_core::test_util::{self, SharedMemory};
use freshpaint_core::worker::Worker;
use freshpaint_fuzz::worker;
use libfuzzer_sys::fuzz_target;

const EVENT: &[u8] = br#"[
    {"event": "a", "properties": {"$insert_id": "1", "distinct_id": "d"}},
    {"event": "b", "properties": {"$insert_id": "2", "distinct_id": "d"}}
]"#;
const STREAM: u32 = 8;

fuzz_target!(|input: &[u8]| {
    let mut worker = worker();
    let mut shared = SharedMemory::default();
    let (head, now) = (Head::post(b"/track"), Now::default());
    let whole = test_util::gather(&mut worker, &head, EVENT, now.steady, &mut shared).unwrap();
    worker.handle_body(whole, STREAM, now, &mut shared).unwrap();

    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let mut answers = lines.split(|line| line.is_empty());
    let (mut next_token, mut answered) = (0, 0);
    for second in 0..=25 {
        let now = second * 1_000;
        worker.handle_timeout(now, &mut shared);
        while let Some(call) = worker.poll_call(now, &mut shared, UnixSeconds::default) {
            next_token += 1;
            worker.handle_dispatched(&call, Ok(next_token), now, &mut shared);
            // When the input has ended, calls no longer end.
            if let Some(headers) = answers.next() {
                worker.handle_response(next_token, &response(headers), now, &mut shared);
            }
        }
        answered += take_answers(&mut worker);
        for line in worker.observe().log_lines.take() {
            assert!(!line.text.contains(char::is_control), "{}", line.text);
        }
    }
    assert_eq!(answered, 1);
});

fn response(headers: &[&[u8]]) -> CallResponse {
    if headers.is_empty() {
        return CallResponse::default();
    }
    CallResponse::read(|name| {
        headers.iter().find_map(|line| {
            let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
            Some(value.trim_ascii().to_vec())
        })
    })
}

fn take_answers(worker: &mut Worker) -> usize {
    std::iter::from_fn(|| worker.poll_reply())
        .inspect(|(stream, _)| assert_eq!(*stream, STREAM))
        .count()
}
