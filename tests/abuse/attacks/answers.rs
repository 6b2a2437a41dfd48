//! Webhooks that answer far too much.

use crate::bed::Bed;
use crate::good_client::event;
use crate::http1::at_rate;
use crate::table::{Case, Measures};
use freshpaint_harness::receiver::status;
use std::time::Duration;

const SIZE: usize = 30 << 20;
const EVENTS: usize = 200;

pub(crate) const HUGE: Case = Case {
    name: "answers of 30 MB to 200 events",
    in_short: true,
    run: |plan| {
        let bed = Bed::start(1);
        let body = bytes_of(SIZE);
        bed.crm.set(status(200).body(body));
        let events = plan.either(EVENTS, 40);
        let time = plan.lasts(10);
        let patience = Duration::from_secs(28);
        at_rate(bed.address(), events, time, patience, |_| {
            event().to_bytes()
        });
        let mut measures = Measures::default();
        bed.judge_envoy(&mut measures);
        measures
    },
};

fn bytes_of(size: usize) -> Vec<u8> {
    vec![b'a'; size]
}
