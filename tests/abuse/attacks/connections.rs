//! Many connections that do next to nothing.

use crate::bed::Bed;
use crate::http1::{drip, open};
use crate::table::{Case, Measures};
use crate::Plan;

/// Begun and never ended.
const HEAD: &[u8] = b"POST /track HTTP/1.1\r\nhost: collect.test\r\nx-slow: ";
const BODY: &[u8] =
    b"POST /track HTTP/1.1\r\nhost: collect.test\r\ncontent-length: 500000\r\n\r\n{";

pub(crate) const SILENT: Case = Case {
    name: "connections that say nothing: 10,000",
    in_short: false,
    run: |plan| slow(plan, plan.either(10_000, 2_000), b""),
};

pub(crate) const SLOW_HEADS: Case = Case {
    name: "heads of a byte a second: 10,000",
    in_short: false,
    run: |plan| slow(plan, plan.either(10_000, 1_000), HEAD),
};

pub(crate) const LARGE_BODIES: Case = Case {
    name: "bodies that lack their last byte: 500 of 1 MB",
    in_short: false,
    run: |plan| slow(plan, plan.either(500, 200), large()),
};

pub(crate) const SLOW_BODIES: Case = Case {
    name: "bodies of a byte a second: 10,000",
    in_short: false,
    run: |plan| slow(plan, plan.either(10_000, 1_000), BODY),
};

fn slow(plan: &Plan, count: usize, first: &'static [u8]) -> Measures {
    let bed = Bed::start(1);
    let time = plan.lasts(25);
    let (opened, seen) = bed.beside(|| {
        let streams = open(bed.address(), count, first);
        let opened = streams.len();
        if first.is_empty() {
            std::thread::sleep(time);
            drop(streams);
        } else {
            drip(bed.address(), streams, first, time);
        }
        opened
    });
    let mut measures = bed.judge(&seen);
    measures.at_least("opened", opened as f64, count as f64, "");
    measures
}

/// A body that is all there but for its end.
pub(super) fn large() -> &'static [u8] {
    let head = b"POST /v1/batch HTTP/1.1\r\nhost: collect.test\r\ncontent-length: 1000100\r\n\r\n{\"a\":\"";
    let mut request = head.to_vec();
    request.resize(request.len() + 1_000_000, b'a');
    request.leak()
}
