//! One request that costs as much as one may, for each kind of rule and each dialect: how long the
//! worker does nothing else.

use crate::bed::Bed;
use crate::table::{millis, Case, Measures};
use flate2::write::GzEncoder;
use flate2::Compression;
use freshpaint_harness::{Connection, Request};
use serde_json::{json, Value};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const MIB: usize = 1 << 20;
const WEBHOOKS: usize = 32;
/// The shortest stall of these counts.
const ROUNDS: usize = 2;
/// The longest that one request may hold a worker.
pub(super) const MOST_STALL: Duration = Duration::from_millis(100);
/// How long pages are asked for after the request was answered.
const WATCHED: Duration = Duration::from_millis(100);

pub(crate) const WORST: Case = Case {
    name: "the dearest requests of 1 MiB, one at a time, 32 webhooks",
    in_short: true,
    run: |plan| {
        let mut measures = Measures::default();
        for rules in plan.either(ALL_RULES, &ALL_RULES[..2]) {
            let bed = Bed::configured(1, |plugin| {
                let webhooks: Vec<_> = (0..WEBHOOKS).map(|n| webhook(n, rules.of)).collect();
                plugin["webhooks"] = json!(webhooks);
            });
            let mut longest = Duration::ZERO;
            for dialect in plan.either(&DIALECTS[..], &DIALECTS[..1]) {
                let bodies = |round| {
                    let batches = batches(dialect, round).into_iter();
                    let batches = batches.filter(|_| rules.refuse_batches);
                    single(dialect, round).into_iter().chain(batches)
                };
                let rounds: Vec<Vec<_>> = (0..ROUNDS).map(|n| bodies(n).collect()).collect();
                for body in 0..rounds[0].len() {
                    let stalls = rounds
                        .iter()
                        .map(|round| stall(&bed, dialect.path, &round[body]));
                    longest = longest.max(stalls.min().unwrap());
                }
            }
            let most = millis(MOST_STALL);
            measures.at_most(rules.name, millis(longest), most, "ms");
            bed.judge_envoy(&mut measures);
        }
        measures
    },
};

/// The rules of each webhook for events.
struct Rules {
    name: &'static str,
    of: fn(usize) -> Value,
    /// They take too long for 2,500 events. Without them these would be 80,000 calls, which take
    /// the worker seconds, if not in one go.
    refuse_batches: bool,
}

impl Rules {
    const fn of(name: &'static str, of: fn(usize) -> Value) -> Self {
        Self {
            name,
            of,
            refuse_batches: true,
        }
    }
}

/// The first ones are those of the short form.
const ALL_RULES: &[Rules] = &[
    Rules {
        refuse_batches: false,
        ..Rules::of("signed", signed)
    },
    Rules::of("hashed", hashes),
    Rules {
        refuse_batches: false,
        ..Rules::of("no rules", none)
    },
    Rules::of("wildcards", wildcards),
    Rules::of("1,000 paths", many_paths),
    Rules::of("1,000 patterns", patterns),
    Rules::of("allowed", allowed),
];

fn none(_: usize) -> Value {
    json!({})
}

fn hashes(n: usize) -> Value {
    json!({"properties": {
        "hash": ["properties.*", "traits.*", "context.*"], "hash_key": format!("{n:032}"),
    }})
}

fn signed(n: usize) -> Value {
    use base64::Engine as _;
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("{n:032}"));
    json!({"signing": {"secrets": [format!("whsec_{secret}")]}})
}

fn wildcards(n: usize) -> Value {
    let deny = format!("properties{}.n{n}", ".*".repeat(14));
    let mask = format!("properties{}.n{n}", ".a".repeat(14));
    json!({"properties": {"deny": [deny], "mask": [mask]}})
}

fn many_paths(n: usize) -> Value {
    let paths: Vec<_> = (0..1_000)
        .map(|path| format!("properties.{path}.*.n{n}"))
        .collect();
    json!({"properties": {"mask": paths}})
}

fn patterns(n: usize) -> Value {
    let names: Vec<_> = (0..1_000).map(|name| format!("*{name}*a*n{n}")).collect();
    json!({"events": {"deny": names}})
}

fn allowed(n: usize) -> Value {
    json!({"properties": {
        "allow": ["properties.*.*", "traits.*", "context.page.url"],
        "deny": [format!("properties.n{n}")],
    }})
}

fn webhook(n: usize, rules: fn(usize) -> Value) -> Value {
    let cluster = ["crm", "warehouse"][n % 2];
    let mut webhook = json!({
        "name": format!("w{n}"), "url": format!("http://{cluster}:8080/in"), "cluster": cluster,
    });
    for (key, value) in rules(n).as_object().unwrap() {
        webhook[key] = value.clone();
    }
    webhook
}

/// How a dialect writes an event with a name and properties, and a request of events.
struct Dialect {
    path: &'static str,
    /// The text before the name, before the members, and after them.
    event: [&'static str; 3],
    list: [&'static str; 2],
}

const DIALECTS: [Dialect; 4] = [
    Dialect {
        path: "/v1/batch",
        event: [
            r#"{"type":"track","anonymousId":"d","timestamp":"2022-12-28T21:16:50Z","event":""#,
            r#"","properties":{"#,
            "}}",
        ],
        list: [r#"{"batch":["#, "]}"],
    },
    Dialect {
        path: "/track",
        event: [
            r#"{"event":""#,
            r#"","properties":{"distinct_id":"d","time":1672262210,"#,
            "}}",
        ],
        list: ["[", "]"],
    },
    Dialect {
        path: "/react-native",
        event: [
            r#"{"timestamp":1672262210000,"user_id":"u","event_type":""#,
            r#"","event_properties":{"#,
            "}}",
        ],
        list: [r#"{"e":["#, "]}"],
    },
    Dialect {
        path: "/batch",
        event: [
            r#"{"distinct_id":"u","timestamp":"2022-12-28T21:16:50Z","event":""#,
            r#"","properties":{"#,
            "}}",
        ],
        list: [r#"{"api_key":"k","batch":["#, "]}"],
    },
];

impl Dialect {
    fn request(&self, events: &[(&str, &str)]) -> Vec<u8> {
        let [start, middle, end] = self.event;
        let events: Vec<_> = events
            .iter()
            .map(|(name, members)| format!("{start}{name}{middle}{members}{end}"))
            .collect();
        let [open, close] = self.list;
        format!("{open}{}{close}", events.join(",")).into_bytes()
    }
}

pub(super) fn repeated(text: &str, times: usize) -> String {
    vec![text; times].join(",")
}

fn name(round: usize) -> String {
    format!("Order Completed {round}")
}

/// Requests of one event that cost much. It is a new one in each round.
fn single(dialect: &Dialect, round: usize) -> Vec<Vec<u8>> {
    let name = name(round);
    let of = |members: &str| dialect.request(&[(&name, members)]);
    let most = MIB - 400;
    let pairs = repeated(r#"["a",{"b":1}]"#, 3_000);
    let deep = format!(r#"{}1{}"#, r#"{"a":"#.repeat(4_900), "}".repeat(4_900));
    vec![
        of(&repeated(r#""k":1"#, 9_900)),
        of(&repeated(r#""\u006b":"\ud83d\ude00""#, 9_900)),
        of(&format!(r#""k":[{pairs}]"#)),
        of(&repeated(r#""":0"#, 170_000)),
        of(&format!(r#""k":{deep}"#)),
        of(&format!(r#""k":"{}""#, "x".repeat(most))),
        dialect.request(&[(&format!("{name}{}", "a".repeat(most)), r#""k":1"#)]),
    ]
}

/// As [`single`], of as many events as a request may have: as plain, and with gzip 5 MB of them.
fn batches(dialect: &Dialect, round: usize) -> Vec<Vec<u8>> {
    let name = name(round);
    let members = r#""revenue":49.99,"currency":"EUR","order":"8f14e45f","items":3,"plan":"pro","coupon":"x","list":[1,2,3],"url":"https://example.com/docs?utm_source=news""#;
    let more = format!(r#"{members},"x":"{}""#, "x".repeat(1_600));
    let of = |members: &str| dialect.request(&vec![(name.as_str(), members); 2_500]);
    vec![of(members), gzip(&of(&more))]
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The most that the worker did beside this request while a page was waited for.
pub(super) fn stall(bed: &Bed, path: &str, body: &[u8]) -> Duration {
    let mut request = Request::post(path, body);
    if body.starts_with(&[0x1f, 0x8b]) {
        request = request.header("content-encoding", "gzip");
    }
    longest_turn(bed, WATCHED, || {
        thread::sleep(Duration::from_millis(20));
        let answer = request.send(bed.address());
        assert!(answer.is_ok(), "{answer:?}");
    })
}

/// The most that the worker did while a page was waited for, beside this attack and for some time
/// after it.
pub(super) fn longest_turn(bed: &Bed, after: Duration, attack: impl FnOnce()) -> Duration {
    let worker = Worker::of(bed);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let pages = scope.spawn(|| {
            // Envoy answers this one itself, in the worker and behind the module.
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
        thread::sleep(after);
        is_over.store(true, Ordering::Relaxed);
        pages.join().unwrap()
    })
}

/// The thread of Envoy's one worker. Its running time is the same on a machine that others use.
pub(super) struct Worker(PathBuf);

impl Worker {
    pub(super) fn of(bed: &Bed) -> Self {
        let threads = fs::read_dir(format!("/proc/{}/task", bed.envoy.pid())).unwrap();
        let is_worker = |thread: &PathBuf| {
            let name = fs::read_to_string(thread.join("comm")).unwrap_or_default();
            name.trim_end() == "wrk:worker_0"
        };
        let mut threads = threads.map(|thread| thread.unwrap().path());
        Self(threads.find(is_worker).unwrap().join("schedstat"))
    }

    pub(super) fn has_run(&self) -> Duration {
        let fields = fs::read_to_string(&self.0).unwrap();
        let nanos = fields.split(' ').next().unwrap();
        Duration::from_nanos(nanos.parse().unwrap())
    }
}
