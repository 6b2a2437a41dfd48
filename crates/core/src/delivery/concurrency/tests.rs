use std::collections::VecDeque;

use super::*;

const MOST: usize = 256;
const MINUTE: u64 = 60_000;
/// Calls that a worker can make in a millisecond.
const WORKER: usize = 15;

/// The result of a minute in which deliveries always waited.
struct Minute {
    ended: usize,
    /// The limit at the end of each millisecond.
    limits: Vec<usize>,
}

impl Minute {
    /// In thousandths, how much of the time the limit was the least one.
    fn at_least(&self, least: usize) -> usize {
        let at = self.limits.iter().filter(|limit| **limit == least);
        at.count() * 1_000 / self.limits.len()
    }
}

/// A webhook takes so many calls in a second, and each this long by the time in milliseconds.
fn minute(mut limit: ConcurrencyLimit, per_second: usize, takes: impl Fn(u64) -> u64) -> Minute {
    let mut calls = VecDeque::new();
    let (mut ended, mut limits) = (0, Vec::new());
    for now in 0..MINUTE {
        let may_have_ended = (now + 1) as usize * per_second / 1_000;
        let mut left = WORKER;
        while left > 0 && ended < may_have_ended && calls.front().is_some_and(|at| *at <= now) {
            calls.pop_front();
            (ended, left) = (ended + 1, left - 1);
            limit.on_end(true, true, now);
        }
        while calls.len() < limit.get() {
            let at = (now + takes(now)).max(calls.back().copied().unwrap_or_default());
            calls.push_back(at);
            limit.on_begin(calls.len(), now);
        }
        limits.push(limit.get());
    }
    Minute { ended, limits }
}

/// The same with as many calls as the configuration allows.
fn unlimited(per_second: usize, takes: impl Fn(u64) -> u64) -> usize {
    let mut all = ConcurrencyLimit::new(1, MOST);
    (all.limit, all.least) = (MOST, MOST);
    minute(all, per_second, takes).ended
}

const ANY: usize = 1_000_000;

#[test]
fn a_slow_webhook_gets_as_many_calls_as_without_a_limit() {
    for webhooks in [1, 3, 32] {
        for millis in [4, 8, 15, 20, 50, 500, 2_500] {
            let limited = minute(ConcurrencyLimit::new(webhooks, MOST), ANY, |_| millis);
            let could = unlimited(ANY, |_| millis);
            assert!(
                limited.ended * 100 >= could * 90,
                "{webhooks} webhooks of {millis} ms: {} of {could}",
                limited.ended
            );
        }
    }
}

#[test]
fn so_does_one_that_changes_all_the_time() {
    for seconds in [1, 5, 20] {
        let takes = |now| {
            if now / 1_000 / seconds % 2 == 0 {
                1
            } else {
                1_000
            }
        };
        for webhooks in [1, 3, 32] {
            let limited = minute(ConcurrencyLimit::new(webhooks, MOST), ANY, takes);
            let could = unlimited(ANY, takes);
            assert!(
                limited.ended * 100 >= could * 95,
                "{webhooks} webhooks, {seconds} s: {} of {could}",
                limited.ended
            );
        }
    }
}

#[test]
fn a_quick_webhook_keeps_few_connections_however_busy_the_worker_is() {
    for (webhooks, least) in [(1, 128), (3, 42), (4, 32), (32, 32)] {
        let minute = minute(ConcurrencyLimit::new(webhooks, MOST), ANY, |_| 0);
        let thousandths = minute.at_least(least);
        assert!(thousandths > 950, "{webhooks}: {thousandths}");
    }
}

#[test]
fn more_calls_at_a_time_than_a_webhook_can_take_are_given_up_again() {
    let minute = minute(ConcurrencyLimit::new(4, MOST), 160, |_| 50);
    assert!(minute.ended > 59 * 160);
    assert!(minute.at_least(32) > 300, "{}", minute.at_least(32));
}

#[test]
fn a_webhook_that_has_become_quick_comes_back_to_few() {
    let takes = |now| if now < 10_000 { 500 } else { 0 };
    let minute = minute(ConcurrencyLimit::new(4, MOST), ANY, takes);
    assert_eq!(minute.limits[9_000], MOST);
    let later = minute.limits[12_000..].iter().filter(|limit| **limit == 32);
    assert!(later.count() > 47_000);
}

/// As with 429.
#[test]
fn a_webhook_that_fails_at_once_what_is_too_much_keeps_few() {
    let mut limit = ConcurrencyLimit::new(4, MOST);
    for now in 0..MINUTE {
        limit.on_begin(limit.get(), now);
        // It works on one call, which takes 10 ms, and the others fail in 5 ms.
        if now % 5 == 0 {
            (1..limit.get()).for_each(|_| limit.on_end(false, true, now));
        }
        if now % 10 == 0 {
            limit.on_end(true, true, now);
        }
        assert_eq!(limit.get(), 32);
    }
}

#[test]
fn an_outage_is_no_time_in_which_little_was_taken() {
    let mut limit = ConcurrencyLimit::new(1, MOST);
    limit.on_begin(limit.get(), 0);
    for (began, taken) in [(10, 100), (100_000, 0)] {
        (0..taken).for_each(|_| limit.on_end(true, true, began));
        let ended = began + 60_000;
        (0..256).for_each(|_| limit.on_end(false, true, ended));
        // Then the webhook takes as many as ever: 500 in a second.
        for call in 0..500 {
            limit.on_end(true, true, ended + 2 * call);
        }
        assert_eq!(limit.get(), 128);
    }
}

#[test]
fn the_limit_is_never_more_than_the_configuration_allows() {
    for most in [1, 16, 100, 10_000] {
        for millis in [0, 50] {
            let minute = minute(ConcurrencyLimit::new(3, most), ANY, |_| millis);
            assert!(minute.limits.iter().all(|limit| (1..=most).contains(limit)));
        }
    }
}
