//! The longest that one request of up to 1 MiB holds a worker, with 32 webhooks of 32 sets of
//! rules.
//!
//! Most are refused, and the time of that is measured. None may take longer than 100 ms.

use std::fmt::Write as _;

use freshpaint_core::clock::{Now, UnixMillis};
use freshpaint_core::config::Config;
use freshpaint_core::intake::Head;
use freshpaint_core::test_util::{self, SharedMemory};
use freshpaint_core::worker::Worker;

use super::memory;
use super::Case;

const MIB: usize = 1 << 20;

pub fn cases() -> Vec<Case> {
    let hash = r#""properties": {"hash": ["properties.*", "context.*"], "hash_key": "${HASH_KEY}", "mask": ["properties.x.N"]}"#;
    let wild = format!(
        r#""properties": {{"deny": ["properties{}.N"], "mask": ["properties{}.N"]}}"#,
        ".*".repeat(14),
        ".a".repeat(14)
    );
    let many: Vec<_> = (0..1_000)
        .map(|n| format!(r#""properties.{n}.*.N""#))
        .collect();
    let many = format!(r#""properties": {{"mask": [{}]}}"#, many.join(","));
    let names: Vec<_> = (0..1_000).map(|n| format!(r#""*{n}*a*N""#)).collect();
    let names = format!(r#""events": {{"deny": [{}]}}"#, names.join(","));

    let members = repeated(r#""k":1"#, 9_900);
    let pairs = repeated(r#"["a",{"b":1}]"#, 3_000);
    let escapes = repeated(r#""\u006b":"\ud83d\ude00""#, 9_900);
    let one = event(&format!(r#""k":"{}""#, "x".repeat(MIB - 200)));
    let deep = format!(r#""k":{}1{}"#, r#"{"a":"#.repeat(4_900), "}".repeat(4_900));
    let all = [
        (
            "no rules, members",
            "",
            event(&repeated(r#""k":1"#, 160_000)),
        ),
        ("no rules, 2,500 events", "", batch(2_500)),
        ("no rules, one string", "", one.clone()),
        ("hashes, members", hash, event(&members)),
        ("hashes, escapes", hash, event(&escapes)),
        ("hashes, one string", hash, one.clone()),
        ("hashes, 2,500 events", hash, batch(2_500)),
        ("wildcards, deep", wild.as_str(), event(&deep)),
        (
            "wildcards, lists",
            wild.as_str(),
            event(&format!(r#""k":[{pairs}]"#)),
        ),
        ("1,000 paths, members", many.as_str(), event(&members)),
        ("1,000 paths, 2,500 events", many.as_str(), batch(2_500)),
        (
            "1,000 patterns, a long name",
            names.as_str(),
            named(MIB - 200),
        ),
        ("1,000 patterns, 2,500 events", names.as_str(), batch(2_500)),
    ];
    let case = |(name, rules, body): (&'static str, &str, String)| {
        let rules = rules.to_owned();
        Case::new("worst", name, 1, move || {
            let config = config(&rules);
            let body = body.clone();
            move || {
                let mut shared = memory::full();
                let mut worker = test_util::worker(config.clone());
                submit(&mut worker, &mut shared, body.as_bytes());
            }
        })
    };
    all.map(case).into()
}

fn submit(worker: &mut Worker, shared: &mut SharedMemory, body: &[u8]) {
    let head = Head::post(b"/v1/batch");
    let whole = test_util::gather(worker, &head, body, 1, shared).unwrap();
    let now = Now {
        steady: 1,
        unix: UnixMillis(1),
    };
    let _ = worker.handle_body(whole, 1, now, shared);
}

fn repeated(text: &str, times: usize) -> String {
    vec![text; times].join(",")
}

fn event(members: &str) -> String {
    format!(
        r#"{{"batch":[{{"type":"track","event":"e","anonymousId":"d","properties":{{{members}}}}}]}}"#
    )
}

fn named(length: usize) -> String {
    let name = "a".repeat(length);
    format!(r#"{{"batch":[{{"type":"track","event":"{name}","anonymousId":"d"}}]}}"#)
}

/// As many events as fit a request, with some properties each.
fn batch(events: usize) -> String {
    let event = r#"{"type":"track","event":"Order Completed","anonymousId":"d","userId":"u","messageId":"m","properties":{"revenue":49.99,"currency":"EUR","order":"8f14e45f","items":3,"plan":"pro","coupon":"x","list":[1,2,3],"url":"https://example.com/docs?utm_source=news"}}"#;
    format!(r#"{{"batch":[{}]}}"#, repeated(event, events))
}

fn config(rules: &str) -> Config {
    let mut webhooks = String::new();
    for n in 0..32 {
        let comma = if n > 0 { "," } else { "" };
        let rules = rules.replace('N', &format!("x{n}"));
        let rules = if rules.is_empty() {
            rules
        } else {
            format!(",{rules}")
        };
        let _ = write!(
            webhooks,
            r#"{comma}{{"name":"w{n}","url":"https://example.com/{n}"{rules}}}"#
        );
    }
    let text = format!(r#"{{"webhooks":[{webhooks}]}}"#);
    let environment = |_: &str| Some("k".repeat(32));
    freshpaint_config::parse(text.as_bytes(), &environment).unwrap()
}
