//! `honor` and `requires_consent`.

use crate::bed::{track, Bed};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ON: &[u8] = b"1";

#[test]
fn signals_are_honored_where_the_configuration_says_so_and_counted() {
    let mut bed = Bed::new(
        r#"{"webhooks": [
            {"name": "a", "url": "http://a.test/", "honor": ["gpc", "dnt"]},
            {"name": "b", "url": "http://b.test/", "honor": ["dnt"]},
            {"name": "c", "url": "http://c.test/"}
        ]}"#,
    );
    for (headers, goes_to) in [
        (&[][..], "abc"),
        (&[("sec-gpc", ON)], "bc"),
        (&[("dnt", ON)], "c"),
        (&[("sec-gpc", ON), ("dnt", ON)], "c"),
        (&[("sec-gpc", b"0"), ("dnt", b"0")], "abc"),
    ] {
        assert_eq!(
            bed.send_with(&track("e", ""), headers),
            goes_to,
            "{headers:?}"
        );
    }
    assert_eq!(
        bed.counts(),
        [
            ("suppressed.webhook.a.signal.dnt", 1),
            ("suppressed.webhook.a.signal.gpc", 2),
            ("suppressed.webhook.b.signal.dnt", 2),
        ]
    );
}

#[test]
fn signals_that_nobody_honors_are_nothing() {
    let mut bed = Bed::new(r#"{"webhooks": [{"name": "a", "url": "http://a.test/"}]}"#);
    assert_eq!(
        bed.send_with(&track("e", ""), &[("sec-gpc", ON), ("dnt", ON)]),
        "a"
    );
}

#[test]
fn consent_has_to_be_there_for_each_category() {
    let mut bed = Bed::new(
        r#"{"webhooks": [
            {"name": "a", "url": "http://a.test/", "requires_consent": ["advertising"]},
            {"name": "b", "url": "http://b.test/"}
        ], "requires_consent": ["analytics"]}"#,
    );
    let mut cases = 0;
    for (preferences, goes_to) in [
        (r#"{"advertising": true, "analytics": true}"#, "ab"),
        (
            r#"{"analytics": true, "advertis\u0069ng": true, "more": false}"#,
            "ab",
        ),
        (r#"{"analytics": true}"#, "b"),
        (r#"{"analytics": true, "advertising": false}"#, "b"),
        (r#"{"analytics": true, "Advertising": true}"#, "b"),
        (r#"{"analytics": true, "advertising": "true"}"#, "b"),
        (r#"{"analytics": true, "advertising": 1}"#, "b"),
        (
            r#"{"analytics": true, "advertising": true, "advertising": false}"#,
            "b",
        ),
        (
            r#"{"analytics": true, "advertising": false, "advertising": true}"#,
            "b",
        ),
        (r#"{"advertising": true}"#, ""),
        ("{}", ""),
        ("null", ""),
        ("true", ""),
        (r#"["analytics", "advertising"]"#, ""),
        (r#""analytics,advertising""#, ""),
    ] {
        let context =
            format!(r#", "context": {{"consent": {{"categoryPreferences": {preferences}}}}}"#);
        assert_eq!(bed.send(&track("e", &context)), goes_to, "{preferences}");
        cases += 1;
    }
    for context in [
        "",
        r#", "context": null"#,
        r#", "context": {}"#,
        r#", "context": {"consent": true}"#,
    ] {
        assert_eq!(bed.send(&track("e", context)), "", "{context}");
        assert_eq!(bed.last_status(), 200);
        cases += 1;
    }
    let [.., (_, a), (_, b)] = bed.counts()[..] else {
        panic!("{:?}", bed.counts());
    };
    assert_eq!((cases, a, b), (19, 17, 10));
}

#[test]
fn the_order_is_sample_consent_filter() {
    let mut bed = Bed::new(
        r#"{"webhooks": [{"name": "a", "url": "http://a.test/"}],
            "sources": ["k"], "sample": 1e-9, "honor": ["dnt", "gpc"], "requires_consent": ["c"], "events": {"deny": ["*"]}}"#,
    );
    assert_eq!(
        bed.send_with(&track("e", ""), &[("dnt", ON), ("sec-gpc", ON)]),
        ""
    );
    let keyed = track("e", r#", "writeKey": "k""#);
    assert_eq!(bed.send_with(&keyed, &[("dnt", ON), ("sec-gpc", ON)]), "");
    let mut all = Bed::new(
        r#"{"webhooks": [{"name": "a", "url": "http://a.test/"}],
            "honor": ["dnt", "gpc"], "requires_consent": ["c"], "events": {"deny": ["*"]}}"#,
    );
    let granted = r#", "context": {"consent": {"categoryPreferences": {"c": true}}}"#;
    assert_eq!(
        all.send_with(&track("e", ""), &[("dnt", ON), ("sec-gpc", ON)]),
        ""
    );
    assert_eq!(all.send_with(&track("e", ""), &[("dnt", ON)]), "");
    assert_eq!(all.send(&track("e", "")), "");
    assert_eq!(all.send(&track("e", granted)), "");
    assert_eq!(bed.suppressed(), ["sample 1", "source 1"]);
    assert_eq!(
        all.suppressed(),
        ["consent 1", "dnt 1", "filter 1", "gpc 1"]
    );
}
