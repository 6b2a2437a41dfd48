//! HTTP/2: streams that hold memory, and frames that only cost work.

use super::at_once::{AFTER, LONGEST_TURN};
use super::stalls::longest_turn;
use crate::bed::Bed;
use crate::http2::{block, frame, post, Raw};
use crate::http2::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM};
use crate::table::{millis, Case, Measures};
use crate::Plan;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// SETTINGS_MAX_FRAME_SIZE, unless the peer allows more.
const FRAME: usize = 16_384;
const STREAMS: u32 = 1_000;

pub(crate) const ONE_CONNECTION: Case = Case {
    name: "HTTP/2: 1 connection of 1,000 streams that never end",
    in_short: true,
    run: |plan| hold(plan, 1),
};

pub(crate) const FOUR_CONNECTIONS: Case = Case {
    name: "HTTP/2: 4 connections of 1,000 streams that never end",
    in_short: true,
    run: |plan| hold(plan, 4),
};

pub(crate) const RESET: Case = Case {
    name: "HTTP/2: streams opened and reset at once",
    in_short: true,
    run: |plan| {
        flood(plan, |raw, turn| {
            let stream = 2 * turn + 1;
            raw.send(&frame(HEADERS, END_HEADERS, stream, &post("/track")));
            raw.send(&frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        })
    },
};

pub(crate) const CONTINUED: Case = Case {
    name: "HTTP/2: heads that never end, pings, empty frames",
    in_short: true,
    run: |plan| {
        flood(plan, |raw, turn| match turn {
            0 => raw.send(&frame(HEADERS, 0, 1, &post("/track"))),
            n if n % 3 == 1 => raw.send(&frame(PING, 0, 0, &[0; 8])),
            _ => raw.send(&frame(CONTINUATION, 0, 1, &block(&[("a", "b")]))),
        })
    },
};

pub(crate) const SMALL_FRAMES: Case = Case {
    name: "HTTP/2: bodies in frames of one byte",
    in_short: true,
    run: |_| {
        let bed = Bed::start(1);
        let longest = longest_turn(&bed, AFTER, || {
            let mut raw = Raw::open(bed.address()).unwrap();
            for turn in 0..3 {
                let stream = 2 * turn + 1;
                raw.send(&frame(HEADERS, END_HEADERS, stream, &post("/track")));
                raw.send(&frame(DATA, 0, stream, b" ").repeat(60_000));
                raw.send(&frame(DATA, END_STREAM, stream, b" "));
                raw.read_for(Duration::from_millis(100));
            }
        });
        let mut measures = Measures::default();
        measures.at_most("longest turn", millis(longest), millis(LONGEST_TURN), "ms");
        bed.judge_envoy(&mut measures);
        measures
    },
};

fn hold(plan: &Plan, connections: usize) -> Measures {
    let bed = Bed::start(1);
    let until = Instant::now() + plan.lasts(20);
    let (_, seen) = bed.beside(|| {
        thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(|| hold_on_one(bed.address(), until));
            }
        });
    });
    bed.judge(&seen)
}

/// Fills each stream with all that its window takes and ends none; begins again when it is thrown
/// out.
fn hold_on_one(to: SocketAddr, until: Instant) {
    let content = vec![b'a'; FRAME];
    while Instant::now() < until {
        let Ok(mut raw) = Raw::open(to) else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        // Streams in turns, so that as many as may are held however small the connection's window
        // is. More than the peer takes would only end the connection.
        let streams = STREAMS.min(raw.most_streams);
        for stream in 0..streams {
            raw.send(&frame(
                HEADERS,
                END_HEADERS,
                2 * stream + 1,
                &post("/v1/batch"),
            ));
        }
        let mut left = vec![raw.stream_window; streams as usize];
        while !raw.is_over && Instant::now() < until {
            raw.read_for(Duration::from_millis(5));
            let mut has_sent = false;
            for (stream, left) in left.iter_mut().enumerate() {
                let most = (*left).min(raw.connection_window).min(FRAME as i64);
                // One byte less than the window, or a peer that waits for more gives more room.
                if most > 0 && !raw.is_over {
                    let stream = 2 * u32::try_from(stream).unwrap() + 1;
                    raw.send(&frame(DATA, 0, stream, &content[..most as usize]));
                    *left -= most;
                    raw.connection_window -= most;
                    has_sent = true;
                }
            }
            if !has_sent {
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Sends frames as fast as they go on two connections; begins again when it is thrown out.
fn flood(plan: &Plan, send: impl Fn(&mut Raw, u32) + Sync) -> Measures {
    let bed = Bed::start(1);
    let until = Instant::now() + plan.lasts(10);
    let (_, seen) = bed.beside(|| {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while Instant::now() < until {
                        let Ok(mut raw) = Raw::open(bed.address()) else {
                            continue;
                        };
                        let mut turn = 0;
                        while !raw.is_over && Instant::now() < until {
                            send(&mut raw, turn);
                            turn += 1;
                            if turn % 64 == 0 {
                                raw.read_for(Duration::from_millis(1));
                            }
                        }
                    }
                });
            }
        });
        // A request that ends as it should still goes through.
        let mut raw = Raw::open(bed.address()).unwrap();
        let page = block(&[
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", "collect.test"),
            (":path", "/page"),
        ]);
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &page));
        raw.read_for(Duration::from_millis(500));
        assert!(!raw.is_over, "a good connection was ended");
    });
    bed.judge(&seen)
}
