//! Many requests that cost as much as one may, in one moment.

use super::stalls::{gzip, longest_turn};
use crate::bed::Bed;
use crate::http1::at_rate;
use crate::table::{millis, Case, Measures};
use freshpaint_harness::Request;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// A turn has one of them, and calls of events that came before.
pub(super) const LONGEST_TURN: Duration = Duration::from_millis(150);
/// How long pages are asked for after the last answer.
pub(super) const AFTER: Duration = Duration::from_millis(500);

pub(crate) const DEAREST: Case = Case {
    name: "30 requests that unpack to 5 MB, 30 bombs, 200 of 3,000 blocks, each in one moment",
    in_short: true,
    run: |_| {
        let bed = Bed::start(1);
        let longest = [
            (unpacked(4_900_000), 30),
            // It is refused once it has unpacked to the limit.
            (unpacked(5_400_000), 30),
            (blocks(), 200),
        ]
        .map(|(request, times)| {
            longest_turn(&bed, AFTER, || {
                let moment = Duration::from_millis(1);
                at_rate(bed.address(), times, moment, PATIENCE, |_| request.clone());
            })
        });
        let longest = longest.into_iter().max().unwrap_or_default();
        let mut measures = Measures::default();
        measures.at_most("longest turn", millis(longest), millis(LONGEST_TURN), "ms");
        bed.judge_envoy(&mut measures);
        measures
    },
};

/// An event without an id, which is computed from all of it.
fn unpacked(bytes: usize) -> Vec<u8> {
    let mut filling = vec![b'x'; bytes];
    // Not so even that the ratio is refused.
    for (at, byte) in filling.iter_mut().enumerate().step_by(60) {
        *byte = b'a' + (at * at / 31 % 26) as u8;
    }
    let filling = String::from_utf8(filling).unwrap();
    compressed(gzip(&event(&filling)))
}

/// Empty blocks with fixed codes (RFC 1951, 3.2.6), four of them in five bytes.
fn blocks() -> Vec<u8> {
    let mut blocks = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    blocks.extend([0x02, 0x08, 0x20, 0x80, 0x00].repeat(750));
    blocks.extend(b"\x03\0\0\0\0\0\0\0\0\0");
    compressed(blocks)
}

fn event(filling: &str) -> Vec<u8> {
    let properties = format!(r#""distinct_id":"d","time":1672262210,"x":"{filling}""#);
    format!(r#"{{"event":"a","properties":{{{properties}}}}}"#).into_bytes()
}

fn compressed(body: Vec<u8>) -> Vec<u8> {
    let request = Request::post("/track", body);
    request.header("content-encoding", "gzip").to_bytes()
}
