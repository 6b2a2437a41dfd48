//! The answers that pages and scripts read.

use std::rc::Rc;

use super::*;
use freshpaint_core::clock::{Now, UnixMillis};
use freshpaint_core::delivery::OutboxState;
use freshpaint_core::observe::record::Record;
use freshpaint_core::observe::recorder::Recorder;

const CRM: &str = r#"{
  "webhooks": [{"name": "crm", "url": "https://crm.example.com/in"}],
  "collect": {"dialects": ["segment", "track"], "path_prefix": "/ingest"}
}"#;

/// The snapshot of a worker that has recorded something at each of these times.
fn shared(worker: u32, times: std::ops::Range<u64>) -> String {
    let now = Now {
        steady: 0,
        unix: UnixMillis(0),
    };
    let mut recorder = Recorder::new(&Rc::new(config(CRM)), now);
    recorder.watch_until(u64::MAX);
    for now in times {
        assert!(recorder.admits(now));
        let outcome = "x";
        let record = Record {
            outcome,
            ..Record::default()
        };
        recorder.write(&record, now);
    }
    let snapshot = Snapshot {
        worker,
        ..Snapshot::of(&mut recorder, &OutboxState::default(), 0)
    };
    snapshot.encode(&recorder.lines())
}

fn body(reply: &LocalReply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

fn config(text: &str) -> Config {
    freshpaint_config::parse(text.as_bytes(), &|_| None).unwrap()
}

#[test]
fn a_page_gets_each_record_once() {
    let (one, two) = (shared(1, 0..2), shared(2, 5..6));
    let first = records(&Cursor::default(), &[one, two.clone()]);
    assert_eq!(
        body(&first),
        concat!(
            r#"{"cursor":"1:3,2:2","missed":0,"sampled":0,"records":["#,
            r#"{"w":1,"n":1,"t":0,"outcome":"x"},{"w":1,"n":2,"t":1,"outcome":"x"},"#,
            r#"{"w":2,"n":1,"t":5,"outcome":"x"}]}"#
        )
    );
    let one = shared(1, 0..3);
    let second = records(&Cursor::read("1:3,2:2"), &[one, two.clone()]);
    assert_eq!(
        body(&second),
        r#"{"cursor":"1:4,2:2","missed":0,"sampled":0,"records":[{"w":1,"n":3,"t":2,"outcome":"x"}]}"#
    );
}

#[test]
fn records_that_were_pushed_out_are_counted() {
    let many: String =
        shared(1, 0..0).replace(" 1 0 0 0 0 ", " 100 7 0 0 0 ") + "{\"n\":90,\"t\":1}\n";
    let answer = records(&Cursor::read("1:80"), &[many]);
    let wanted = r#"{"cursor":"1:100","missed":10,"sampled":7,"records":[{"w":1,"n":90,"t":1}]}"#;
    assert_eq!(body(&answer), wanted);
}

#[test]
fn the_state_is_that_of_all_workers() {
    let (mut sum, _) = Snapshot::decode(&shared(1, 0..0)).unwrap();
    sum.held_events = 2;
    sum.held_since = 1_000;
    let config = Config {
        hipaa: true,
        ..config(CRM)
    };
    let facts = Facts {
        plugin: "a\"b",
        config: &config,
    };
    let minutes = vec!["[0,0]"; totals::MINUTES].join(",");
    assert_eq!(
        body(&status(&facts, 2, &sum, 3_000)),
        format!(
            "{{\"plugin\":\"a\\\"b\",\"version\":\"{}\",\"hipaa\":true,\"now\":3000,\
             \"workers\":2,\"held\":{{\"events\":2,\"bytes\":0,\"oldest_ms\":2000}},\
             \"webhooks\":[{{\"name\":\"crm\",\"breaker\":\"closed\",\"held\":0,\
             \"in_flight\":0,\"p50\":null,\"p95\":null,\"minutes\":[{minutes}]}}],\
             \"dialects\":[\"segment\",\"track\"],\"prefix\":\"/ingest\"}}",
            env!("CARGO_PKG_VERSION"),
        )
    );
}
