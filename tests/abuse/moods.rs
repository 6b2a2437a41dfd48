//! The ways of a webhook to break HTTP/2 (RFC 9113), and how docs/operations.md says that a call to
//! it ends.

use crate::h2_webhook::{accepted, settings, Mood, Step, DELIVERED};
use crate::http2::{block, frame, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS};
use crate::http2::{PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE};
use Step::{Close, Flood, Send};

const UNREACHABLE: &str = "unreachable";
const TIMEOUT: &str = "timeout";

/// SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_INITIAL_WINDOW_SIZE, both 0.
const NO_STREAMS: &[u8] = &[0, 3, 0, 0, 0, 0];
const NO_WINDOW: &[u8] = &[0, 4, 0, 0, 0, 0];

pub(crate) const MOODS: &[Mood] = &[
    // Odd, and still an answer.
    answers("goodbye_after_each", DELIVERED, |id| {
        vec![Send(accepted(id)), Send(goodbye(id, 0))]
    }),
    answers("closed_after_each", DELIVERED, |id| {
        vec![Send(accepted(id)), Close]
    }),
    answers("reset_after_the_answer", DELIVERED, |id| {
        vec![Send(accepted(id)), Send(reset(id, 0))]
    }),
    // Over before there is an answer.
    answers("goodbye_to_all", UNREACHABLE, |_| vec![Send(goodbye(0, 0))]),
    answers("goodbye_with_an_error", UNREACHABLE, |_| {
        vec![Send(goodbye(0, 11)), Close]
    }),
    answers("reset", UNREACHABLE, |id| vec![Send(reset(id, 2))]),
    answers("refused", UNREACHABLE, |id| vec![Send(reset(id, 7))]),
    answers("resets", UNREACHABLE, |id| {
        vec![Send(reset(id, 8).repeat(10_000))]
    }),
    answers("reset_in_the_answer", UNREACHABLE, |id| {
        vec![Send(begun(id)), Send(reset(id, 2))]
    }),
    // An answer that is none.
    answers("on_a_stream_to_come", UNREACHABLE, |id| {
        vec![Send(accepted(id + 2))]
    }),
    answers("on_a_stream_of_its_own", UNREACHABLE, |_| {
        vec![Send(accepted(2))]
    }),
    answers("a_push", UNREACHABLE, |id| {
        let promised = [&2_u32.to_be_bytes()[..], &block(&[(":status", "200")])].concat();
        vec![Send(frame(PUSH_PROMISE, END_HEADERS, id, &promised))]
    }),
    answers("a_body_first", UNREACHABLE, |id| {
        vec![Send(frame(DATA, END_STREAM, id, b"ok"))]
    }),
    answers("no_status", UNREACHABLE, |id| {
        let head = block(&[("x-status", "200")]);
        vec![Send(frame(HEADERS, END_HEADERS | END_STREAM, id, &head))]
    }),
    answers("undecodable", UNREACHABLE, |id| {
        vec![Send(frame(HEADERS, END_HEADERS, id, &[0xff; 16]))]
    }),
    answers("a_frame_too_large", UNREACHABLE, |id| {
        vec![Send(begun(id)), Send(frame(DATA, 0, id, &[b'a'; 1 << 20]))]
    }),
    answers("over_its_window", UNREACHABLE, |_| {
        let most = 0x7fff_ffff_u32.to_be_bytes();
        vec![Send(frame(WINDOW_UPDATE, 0, 0, &most))]
    }),
    hello("no_http2", UNREACHABLE, || {
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()
    }),
    // Without an end.
    answers("heads_without_end", UNREACHABLE, |id| {
        let more = block(&[("x-more", &"a".repeat(100))]).repeat(50);
        vec![
            Send(frame(HEADERS, 0, id, &block(&[(":status", "200")]))),
            flood(frame(CONTINUATION, 0, id, &more)),
        ]
    }),
    answers("continuations_of_nothing", UNREACHABLE, |id| {
        vec![
            Send(frame(HEADERS, 0, id, &block(&[(":status", "200")]))),
            flood(frame(CONTINUATION, 0, id, &[]).repeat(1_000)),
        ]
    }),
    answers("a_head_that_unpacks", UNREACHABLE, |id| {
        // A header goes into the table of the peer once, and is named by a byte ever after.
        let mut head = block(&[(":status", "200")]);
        head.extend([0x40, 1, b'x', 0x7f, 0xa1, 0x1e]);
        head.extend([b'a'; 4_000]);
        head.extend([0xbe; 2_000]);
        vec![Send(frame(HEADERS, END_HEADERS, id, &head))]
    }),
    answers("data_of_nothing", UNREACHABLE, |id| {
        vec![
            Send(begun(id)),
            flood(frame(DATA, 0, id, &[]).repeat(1_000)),
        ]
    }),
    answers("more_than_is_read", UNREACHABLE, |id| {
        let more = frame(DATA, 0, id, &[b'a'; 16_384]).repeat(128);
        vec![Send(begun(id)), Send(more)]
    }),
    answers("trailers_without_end", UNREACHABLE, |id| {
        let more = block(&[("x-more", &"a".repeat(100))]).repeat(50);
        vec![
            Send(begun(id)),
            Send(frame(HEADERS, END_STREAM, id, &block(&[("x-a", "b")]))),
            flood(frame(CONTINUATION, 0, id, &more)),
        ]
    }),
    answers("priorities", UNREACHABLE, |id| {
        vec![flood(
            frame(PRIORITY, 0, id, &[0, 0, 0, 0, 1]).repeat(1_000),
        )]
    }),
    answers("window_updates", UNREACHABLE, |_| {
        let one = 1_u32.to_be_bytes();
        vec![flood(frame(WINDOW_UPDATE, 0, 0, &one).repeat(1_000))]
    }),
    answers("settings_unread", UNREACHABLE, |_| {
        vec![flood(settings().repeat(1_000))]
    }),
    answers("pings", TIMEOUT, |_| {
        let pings = frame(PING, 0, 0, &[0; 8]).repeat(5);
        vec![Flood {
            piece: pings,
            reads: true,
        }]
    }),
    // Never.
    hello("no_window", TIMEOUT, || frame(SETTINGS, 0, 0, NO_WINDOW)),
    hello("no_streams", TIMEOUT, || frame(SETTINGS, 0, 0, NO_STREAMS)),
    hello("nothing_at_all", TIMEOUT, Vec::new),
];

const fn answers(name: &'static str, outcome: &'static str, answer: fn(u32) -> Vec<Step>) -> Mood {
    Mood {
        name,
        hello: settings,
        answer,
        outcome,
    }
}

const fn hello(name: &'static str, outcome: &'static str, hello: fn() -> Vec<u8>) -> Mood {
    Mood {
        name,
        hello,
        answer: |_| Vec::new(),
        outcome,
    }
}

fn flood(piece: Vec<u8>) -> Step {
    Flood {
        piece,
        reads: false,
    }
}

/// The head of an answer whose body is to come.
fn begun(id: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, id, &block(&[(":status", "200")]))
}

fn reset(id: u32, error: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, id, &error.to_be_bytes())
}

fn goodbye(last: u32, error: u32) -> Vec<u8> {
    frame(
        GOAWAY,
        0,
        0,
        &[last.to_be_bytes(), error.to_be_bytes()].concat(),
    )
}
