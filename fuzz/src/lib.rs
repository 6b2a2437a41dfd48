//! A worker on a host without anything, shared by the fuzz targets.

use freshpaint_core::test_util;
use freshpaint_core::worker::Worker;

/// A worker with two webhooks that want every event.
pub fn worker() -> Worker {
    configured(
        r#"{
            "webhooks": [{"url": "https://a.test/"}, {"url": "https://b.test/"}],
            "options": {"enable_identify_events": true, "enable_pageview_events": true}
        }"#,
    )
}

/// A worker with as many webhooks as there may be, each with rules that no other has. Every kind of
/// rule for the parts of an event is among them, and so are calls with several events.
pub fn worker_with_rules() -> Worker {
    let webhooks: Vec<_> = (0..32).map(webhook_with_rules).collect();
    configured(&format!(
        r#"{{
            "webhooks": [{}],
            "options": {{"enable_identify_events": true, "enable_pageview_events": true}}
        }}"#,
        webhooks.join(",")
    ))
}

fn webhook_with_rules(number: usize) -> String {
    let properties = match number % 4 {
        0 => format!(r#""hash": ["properties.*", "traits.*"], "hash_key": "{number:032}""#),
        1 => format!(r#""mask": ["properties.*.*.n{number}", "context.*"]"#),
        2 => format!(r#""deny": ["properties.*.n{number}", "traits.email"]"#),
        _ => format!(r#""allow": ["properties.*.*", "context.page.url", "traits.n{number}"]"#),
    };
    let more = match number % 3 {
        0 => r#", "batch": {"max_events": 7}"#,
        1 => r#", "events": {"deny": ["*a*b*"]}"#,
        _ => "",
    };
    format!(r#"{{"url": "https://w{number}.test/", "properties": {{{properties}}}{more}}}"#)
}

fn configured(config: &str) -> Worker {
    test_util::worker(freshpaint_config::parse(config.as_bytes(), &|_| None).unwrap())
}
