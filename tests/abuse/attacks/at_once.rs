//! Many requests that cost as much as one may, in one moment.

use super::stalls::{gzip, Worker};
use crate::bed::Bed;
use crate::http1::at_rate;
use crate::table::{millis, Case, Measures};
use freshpaint_harness::{Connection, Request};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const REQUESTS: usize = 30;
const PATIENCE: Duration = Duration::from_secs(30);
/// A turn has one of them, and calls of events that came before.
pub(super) const LONGEST_TURN: Duration = Duration::from_millis(150);
/// How long pages are asked for after the last answer.
const AFTER: Duration = Duration::from_millis(500);

pub(crate) const DEAREST: Case = Case {
    name: "30 requests that unpack to 5 MB, in one moment",
    in_short: true,
    run: |_| {
        let bed = Bed::start(1);
        let request = unpacked();
        let longest = longest_turn(&bed, || {
            let moment = Duration::from_millis(1);
            at_rate(bed.address(), REQUESTS, moment, PATIENCE, |_| {
                request.clone()
            });
        });
        let mut measures = Measures::default();
        measures.at_most("longest turn", millis(longest), millis(LONGEST_TURN), "ms");
        bed.judge_envoy(&mut measures);
        measures
    },
};

/// The most that the worker did while a page was waited for, beside this attack.
pub(super) fn longest_turn(bed: &Bed, attack: impl FnOnce()) -> Duration {
    let worker = Worker::of(bed);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let pages = scope.spawn(|| {
            let page = Request::get("/healthz");
            let mut connection = Connection::open(bed.address()).unwrap();
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let before = worker.has_run();
                assert_eq!(connection.request(&page).unwrap().status, 200);
                longest = longest.max(worker.has_run().saturating_sub(before));
                thread::sleep(Duration::from_millis(1));
            }
            longest
        });
        attack();
        thread::sleep(AFTER);
        is_over.store(true, Ordering::Relaxed);
        pages.join().unwrap()
    })
}

/// An event without an id, which is computed from all of it.
fn unpacked() -> Vec<u8> {
    let mut filling = vec![b'x'; 4_900_000];
    // Not so even that the ratio is refused.
    for (at, byte) in filling.iter_mut().enumerate().step_by(60) {
        *byte = b'a' + (at * at / 31 % 26) as u8;
    }
    let filling = String::from_utf8(filling).unwrap();
    let event = format!(
        r#"{{"event":"a","properties":{{"distinct_id":"d","time":1672262210,"x":"{filling}"}}}}"#
    );
    let request = Request::post("/track", gzip(event.as_bytes()));
    request.header("content-encoding", "gzip").to_bytes()
}
