//! Requests at the edge of HTTP/1.1 and of what a path may be.

use crate::bed::Bed;
use crate::good_client::event;
use crate::http1::at_rate;
use crate::table::{Case, Measures};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const EVENT: &str = r#"{"event":"odd","properties":{"distinct_id":"d"}}"#;

pub(crate) const REQUESTS: Case = Case {
    name: "odd requests over HTTP/1.1, 100/s",
    in_short: true,
    run: |plan| {
        let bed = Bed::start(1);
        let all = odd();
        let time = plan.lasts(10);
        let count = time.as_secs() as usize * 100;
        let patience = Duration::from_secs(1);
        let send = || {
            at_rate(bed.address(), count, time, patience, |n| {
                all[n % all.len()].clone()
            })
        };
        let (outcomes, seen) = bed.beside(send);
        let mut measures = bed.judge(&seen);
        // 501 and 505 are what HTTP has for some of them.
        let failed = outcomes
            .iter()
            .filter(|one| matches!(one.status, Some(500 | 502..=504)));
        measures.none("failed", failed.count());
        measures
    },
};

pub(crate) const PATHS: Case = Case {
    name: "an event under another spelling of /track, HTTP/1.0",
    in_short: true,
    run: |_| {
        let bed = Bed::start(1);
        let at_app = AtomicUsize::new(bed.app.count());
        let spellings = [
            "//track",
            "/./track",
            "/x/../track",
            "/%74rack",
            "/track?a=//b",
        ];
        let mut taken = 0;
        for path in spellings {
            let mut request = event();
            request.target = path.to_owned();
            taken += usize::from(request.send(bed.address()).unwrap().status == 200);
        }
        let old = String::from_utf8(event().to_bytes()).unwrap();
        let old = old.replace(" HTTP/1.1\r\n", " HTTP/1.0\r\n").into_bytes();
        let time = Duration::from_secs(1);
        let answers = at_rate(bed.address(), 1, time, time * 5, |_| old.clone());
        taken += usize::from(answers[0].status == Some(200));
        let mut measures = Measures::default();
        measures.at_least("taken", taken as f64, spellings.len() as f64 + 1.0, "");
        let at_app = bed.app.count() - at_app.load(Ordering::Relaxed);
        measures.none("events at the application", at_app);
        bed.judge_envoy(&mut measures);
        measures
    },
};

/// Each is sent as it stands.
fn odd() -> Vec<Vec<u8>> {
    let length = EVENT.len();
    let head = "POST /track HTTP/1.1\r\nhost: collect.test\r\n";
    let many = "x-a: b\r\n".repeat(2_000);
    let long = "a".repeat(100_000);
    let texts = [
        format!("{head}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{EVENT}"),
        format!("{head}content-length: 5\r\ncontent-length: {length}\r\n\r\n{EVENT}"),
        format!("{head}content-length: -1\r\n\r\n{EVENT}"),
        format!("{head}content-length: 99999999999999999999\r\n\r\n{EVENT}"),
        format!("{head}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{EVENT}"),
        format!("{head}transfer-encoding: chunked\r\n\r\n1;{long}\r\na\r\n0\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{EVENT}\r\n0\r\nx-t: 1\r\n\r\n"),
        format!("{head}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n{EVENT}"),
        format!("{head}upgrade: websocket\r\nconnection: upgrade\r\ncontent-length: {length}\r\n\r\n{EVENT}"),
        format!("{head}content-length : {length}\r\n\r\n{EVENT}"),
        format!("{head} folded: a\r\n b\r\ncontent-length: {length}\r\n\r\n{EVENT}"),
        format!("{head}{many}content-length: {length}\r\n\r\n{EVENT}"),
        format!("{head}x-long: {long}\r\ncontent-length: {length}\r\n\r\n{EVENT}"),
        format!("{head}x-null: a\0b\r\ncontent-length: {length}\r\n\r\n{EVENT}"),
        format!("POST /{long} HTTP/1.1\r\nhost: collect.test\r\ncontent-length: 0\r\n\r\n"),
        "POST /track HTTP/1.1\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "POST /track HTTP/3.0\r\nhost: collect.test\r\n\r\n".to_owned(),
        "POST http://other.test/track HTTP/1.1\r\nhost: collect.test\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "CONNECT collect.test:443 HTTP/1.1\r\nhost: collect.test\r\n\r\n".to_owned(),
        "TRACE /track HTTP/1.1\r\nhost: collect.test\r\n\r\n".to_owned(),
        "GET /track?data=%00%ff HTTP/1.1\r\nhost: collect.test\r\n\r\n".to_owned(),
        "\r\n\r\n\r\nGET / HTTP/1.1\r\nhost: collect.test\r\n\r\n".to_owned(),
        "GET /page HTTP/1.1\r\nhost: collect.test\r\n\r\n".repeat(200),
        format!("{head}content-length: {length}\r\n\r\n{EVENT}").repeat(50),
        "\u{16}\u{3}\u{1}\0\u{1}not tls".to_owned(),
    ];
    texts.map(String::into_bytes).into()
}
