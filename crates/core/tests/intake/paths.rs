//! The requests that are ours, and the decisions that their heads alone allow.

use crate::support::{config, config_with, Outcome, Request};
use std::collections::BTreeSet;

use freshpaint_core::intake::{dialect, recognise};
use freshpaint_core::observe::labels::RequestOutcome;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The name of the dialect that is spoken on a path.
fn spoken(path: &str) -> Option<&'static str> {
    recognise(path.as_bytes(), &config().collect).map(|route| route.dialect().name)
}

#[test]
fn every_path_of_every_sdk_is_recognised() {
    let typed = ["track", "identify", "page", "screen", "group", "alias"];
    let mut expected: Vec<(String, &str)> = [
        ("/track", "track"),
        ("/engage", "track"),
        ("/groups", "track"),
        ("/import", "track"),
        ("/react-native", "react_native"),
        ("/android", "mobile"),
        ("/v1/batch", "segment"),
        ("/v1/b", "segment"),
        ("/v1/import", "segment"),
        ("/beacon/v1/batch", "rudderstack_beacon"),
        ("/e", "posthog"),
        ("/i/v0/e", "posthog"),
        ("/batch", "posthog"),
        ("/capture", "posthog"),
    ]
    .map(|(path, dialect)| (path.to_owned(), dialect))
    .to_vec();
    for name in typed {
        expected.push((format!("/v1/{name}"), "segment"));
        expected.push((format!("/v1/{}", &name[..1]), "segment"));
        expected.push((format!("/api/s/{name}"), "jitsu"));
        expected.push((format!("/api/s/s2s/{name}"), "jitsu"));
    }
    for (path, wanted) in expected {
        for suffix in ["", "/", "?x=1", "/?x=1", "?"] {
            let path = format!("{path}{suffix}");
            assert_eq!(spoken(&path), Some(wanted), "{path}");
        }
    }
}

#[test]
fn any_other_path_is_left_alone() {
    for path in [
        "",
        "/",
        "/Track",
        "/tracks",
        "/track//",
        "//track",
        "/track%2F",
        "/%74rack",
        "/x/track",
        "/track/x",
        "track",
        "/track;x",
        "/v1",
        "/v1/",
        "/v1/m",
        "/v1/x",
        "/v1/projects/KEY/settings",
        "/v1/tt",
        "/api/s/",
        "/api/s/b",
        "/api/s/s2s",
        "/api/s/t",
        "/i/v1/analytics/events",
        "/flags",
        "/decide",
        "/sourceConfig",
        "/array/phc/config",
        "/static/js/freshpaint.js",
        "/event-definitions/ENV",
    ] {
        assert_eq!(spoken(path), None, "{path}");
    }
    assert_eq!(recognise(b"/track\xff", &config().collect), None);
}

#[test]
fn a_prefix_moves_every_path() {
    let collect = config_with(r#"{"path_prefix": "/ingest/eu"}"#).collect;
    let found = |path: &str| recognise(path.as_bytes(), &collect).is_some();
    assert!(found("/ingest/eu/track"));
    assert!(found("/ingest/eu/v1/t/?x"));
    assert!(!found("/track"));
    assert!(!found("/ingest/eutrack"));
    assert!(!found("/ingest/eu"));
}

#[test]
fn a_dialect_that_is_off_passes_through() {
    let collect = config_with(r#"{"dialects": ["segment"]}"#).collect;
    assert!(recognise(b"/v1/batch", &collect).is_some());
    for path in [
        "/track",
        "/beacon/v1/batch",
        "/e",
        "/api/s/track",
        "/android",
    ] {
        assert_eq!(recognise(path.as_bytes(), &collect), None, "{path}");
    }
}

/// Status and body.
fn refusal(request: &Request) -> (u16, String) {
    let Outcome::Answered(answer, RequestOutcome::Refused) = request.run() else {
        panic!("{:?}", request.run())
    };
    let body = String::from_utf8(answer.body.into_owned()).unwrap();
    (answer.status, body)
}

/// The paths are generic, so the application may have them too.
#[test]
fn a_request_that_cannot_be_an_sdks_is_left_to_the_application() {
    for method in ["PUT", "DELETE", "HEAD", "PATCH", "post", "", "\u{ff}"] {
        for path in ["/track", "/v1/t", "/batch"] {
            let request = Request::post(path, "{}").method(method);
            assert_eq!(request.run(), Outcome::Passed, "{method} {path}");
        }
    }
    let data = "?data=%7B%22event%22%3A%22a%22%7D";
    for path in ["/track", "/engage", "/groups", "/import"] {
        let get = |query: &str| Request::post(&format!("{path}{query}"), "").method("GET");
        assert_eq!(get("").run(), Outcome::Passed, "{path}");
        assert_eq!(get("?page=2&dat=a").run(), Outcome::Passed, "{path}");
        assert_ne!(get(data).run(), Outcome::Passed, "{path}");
    }
    let get = Request::post(&format!("/batch{data}"), "").method("GET");
    assert_eq!(get.run(), Outcome::Passed);
    let options = Request::post("/track", "").method("OPTIONS");
    assert_eq!(options.run(), Outcome::Passed);
}

#[test]
fn a_request_without_a_body_is_refused_at_its_head() {
    assert_eq!(
        refusal(&Request::post("/track", "")),
        (400, "The request has no body.".into())
    );
}

#[test]
fn a_declared_size_over_the_limit_is_refused_before_the_body_comes() {
    let declared = |length: &str| Request::post("/track", "{}").header("content-length", length);
    let limit = config().limits.max_body_bytes;
    for length in [(limit + 1).to_string(), u64::MAX.to_string()] {
        assert_eq!(
            refusal(&declared(&length)),
            (413, format!("The body is larger than {limit} bytes."))
        );
    }
    for length in [limit.to_string(), "many".into(), String::new()] {
        assert!(
            matches!(declared(&length).run(), Outcome::Refused(_)),
            "{length}: read, and not an event"
        );
    }
}

#[test]
fn a_coding_that_cannot_be_read_is_refused_with_the_one_that_can() {
    for coding in ["br", "zstd", "deflate", "gzip, br", "\u{ff}"] {
        for body in [&b"x"[..], b"\x8b\x02\x80{}\x03", b"\x1f\x8b\x08\x00cut"] {
            let request = Request::post("/v1/batch", body).header("content-encoding", coding);
            let Outcome::Refused(answer) = request.run() else {
                panic!("{coding}: {:?}", request.run())
            };
            assert_eq!(answer.status, 415, "{coding}");
            assert!(
                answer.headers.contains(&("accept-encoding", "gzip".into())),
                "{coding}"
            );
        }
    }
}

#[test]
fn a_body_that_can_be_read_is_read_whatever_coding_it_declares() {
    let plain = Request::post("/track", r#"{"event":"a"}"#);
    for coding in ["utf-8", "br", "deflate", "\u{ff}"] {
        let labelled =
            Request::post("/track", r#"{"event":"a"}"#).header("content-encoding", coding);
        let (Outcome::Read(_, labelled), Outcome::Read(_, plain)) = (labelled.run(), plain.run())
        else {
            panic!("{coding}: {:?}", labelled.run())
        };
        assert_eq!(labelled, plain, "{coding}");
    }
    let not_an_event = Request::post("/track", "{}").header("content-encoding", "br");
    let Outcome::Refused(answer) = not_an_event.run() else {
        panic!("{:?}", not_an_event.run())
    };
    assert_eq!(
        answer.status, 400,
        "the encoding is not what is wrong with it"
    );
}

/// A path that another dialect claims first would never be reached.
#[test]
fn every_registered_path_reaches_its_own_dialect() {
    let mut names = BTreeSet::new();
    for dialect in dialect::ALL {
        assert!(
            names.insert(dialect.name),
            "{} is there twice",
            dialect.name
        );
        assert!(dialect.paths().count() > 0, "{} has no path", dialect.name);
        for pattern in dialect.paths() {
            let path = pattern.replace("<type>", "track").replace("<letter>", "t");
            assert!(path.starts_with('/') && !path.ends_with('/'), "{path}");
            assert_eq!(spoken(&path), Some(dialect.name), "{path}");
        }
    }
}
