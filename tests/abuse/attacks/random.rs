//! Requests with bytes changed at random, on two workers.

use crate::bed::Bed;
use crate::http1::at_rate;
use crate::table::{millis, Case};
use std::time::Duration;

const PATHS: [&str; 8] = [
    "/track",
    "/engage",
    "/android",
    "/react-native",
    "/v1/batch",
    "/beacon/v1/batch",
    "/api/s/track",
    "/batch",
];

const BODIES: [&str; 5] = [
    r#"{"event":"a","properties":{"distinct_id":"d","time":1672262210,"plan":{"a":[1,2,{"b":null}]}}}"#,
    r#"{"batch":[{"type":"track","event":"a","userId":"u","timestamp":"2022-12-28T21:16:50Z"}],"sentAt":1}"#,
    r#"[{"event":"$identify","properties":{"$set":{"email":"ada@example.com"}}},{"event":"b"}]"#,
    "data=eyJldmVudCI6ImEiLCJwcm9wZXJ0aWVzIjp7ImRpc3RpbmN0X2lkIjoiZCJ9fQ%3D%3D&verbose=1",
    r#"{"api_key":"k","batch":[{"event":"$pageview","distinct_id":"u","properties":{"$current_url":"https://a.test/?q=1"}}]}"#,
];

pub(crate) const BYTES: Case = Case {
    name: "random changes to requests, 1,000/s, two workers",
    in_short: true,
    run: |plan| {
        let bed = Bed::start(2);
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let time = plan.lasts(60);
        let count = time.as_secs() as usize * plan.either(1_000, 200);
        let patience = Duration::from_secs(3);
        let send = || at_rate(bed.address(), count, time, patience, |_| random.request());
        let (outcomes, seen) = bed.beside(send);
        let mut measures = bed.judge(&seen);
        let failed = outcomes.iter().filter(|one| one.status >= Some(500));
        measures.none("answers of 5xx", failed.count());
        measures.at_most(
            "slowest good",
            millis(seen.slowest()),
            bed.allowing(Duration::from_secs(1)),
            "ms",
        );
        measures
    },
};

/// xorshift64: the same changes in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn request(&mut self) -> Vec<u8> {
        let mut body = BODIES[self.below(BODIES.len())].as_bytes().to_vec();
        for _ in 0..self.below(6) {
            let at = self.below(body.len());
            match self.below(5) {
                0 => body[at] = self.below(256) as u8,
                1 => body.truncate(at + 1),
                2 => body.insert(at, b"{[\"\\,:"[self.below(6)]),
                3 => drop(body.remove(at.min(body.len() - 1))),
                _ => body.extend_from_within(at..),
            }
            if body.is_empty() {
                body.push(b'{');
            }
        }
        let path = PATHS[self.below(PATHS.len())];
        let coding = [
            "",
            "content-encoding: gzip\r\n",
            "content-type: text/plain\r\n",
        ][self.below(3)];
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nhost: collect.test\r\n{coding}content-length: {length}\r\n\r\n");
        [head.into_bytes(), body].concat()
    }
}
