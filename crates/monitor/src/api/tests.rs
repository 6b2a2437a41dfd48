//! Requests to the monitor, and its answers.

use std::collections::BTreeMap;

use super::*;
use freshpaint_core::intake::Headers;

#[derive(Default)]
struct Map(BTreeMap<&'static str, &'static str>);

impl Headers for Map {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.get(name).map(|value| value.as_bytes().to_vec())
    }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> Map {
    let local = [(":authority", "localhost:9902")];
    Map(local.iter().chain(pairs).copied().collect())
}

const ACTION: [(&str, &str); 2] = [
    ("x-freshpaint-monitor", "1"),
    ("content-type", "application/json; charset=utf-8"),
];

fn ask(method: &str, path: &str, pairs: &[(&'static str, &'static str)], hosts: &[String]) -> Ask {
    let head = Head {
        method: method.as_bytes(),
        path: path.as_bytes(),
        headers: &headers(pairs),
        end_of_stream: true,
    };
    judge(&head, hosts)
}

fn status_of(method: &str, path: &str, pairs: &[(&'static str, &'static str)]) -> u16 {
    match ask(method, path, pairs, &[]) {
        Ask::Reply(reply) => reply.status,
        _ => 0,
    }
}

#[test]
fn each_path_has_its_method() {
    for (method, path, pairs, status) in [
        ("GET", "/", &[][..], 200),
        ("GET", "/?x=1", &[], 200),
        ("GET", "/monitor.js", &[], 200),
        ("HEAD", "/", &[], 200),
        ("POST", "/", &ACTION, 405),
        ("GET", "/api/v1/status", &[], 0),
        ("GET", "/api/v1/records?after=1:2", &[], 0),
        ("POST", "/api/v1/records", &ACTION, 405),
        ("GET", "/api/v1/retry", &ACTION, 405),
        ("POST", "/api/v1/retry", &ACTION, 0),
        ("POST", "/api/v1/test", &ACTION, 0),
        ("POST", "/api/v1/test", &ACTION[..1], 415),
        ("POST", "/api/v1/test", &ACTION[1..], 403),
        ("GET", "/../etc/passwd", &[], 404),
        ("GET", "", &[], 404),
        ("BREW", "/api/v1/status", &[], 405),
    ] {
        assert_eq!(status_of(method, path, pairs), status, "{method} {path}");
    }
}

#[test]
fn a_name_that_another_page_may_have_made_lead_here_is_refused() {
    for (authority, allowed) in [
        ("localhost:9902", true),
        ("LOCALHOST", true),
        ("127.0.0.1:9902", true),
        ("[::1]:9902", true),
        ("monitor.example.com", true),
        ("monitor.example.com:443", true),
        ("evil.example.com:9902", false),
        ("localhost.evil.example.com", false),
        ("127.0.0.1.evil.example.com", false),
        ("", false),
    ] {
        let names = ["monitor.example.com".to_owned()];
        let ask = ask("GET", "/", &[(":authority", authority)], &names);
        let Ask::Reply(reply) = ask else {
            panic!("{ask:?}")
        };
        assert_eq!(reply.status == 200, allowed, "{authority}");
        assert_eq!(reply.status == 421, !allowed, "{authority}");
    }
}

#[test]
fn an_action_says_what_it_wants() {
    let order = action(Action::Retry, br#"{"webhook":"crm"}"#).unwrap();
    let (webhook, id) = (Some("crm".to_owned()), None);
    assert_eq!(order, Order::Retry { webhook, id });
    let body = br#" {"path": "/track?a=b", "body": "{\"a\":1}", "deliver": true} "#;
    let (path, body, order) = (
        "/track?a=b".into(),
        "{\"a\":1}".into(),
        action(Action::Test, body),
    );
    assert_eq!(
        order,
        Ok(Order::Test {
            path,
            body,
            deliver: true
        })
    );
    for (asked, body) in [
        (Action::Retry, &b"[]"[..]),
        (Action::Retry, b""),
        (Action::Retry, b"{"),
        (Action::Retry, b"\xff"),
        (Action::Retry, br#"{"webhook": 1}"#),
        (Action::Test, b"{}"),
        (Action::Test, br#"{"path": "track"}"#),
    ] {
        assert_eq!(action(asked, body).unwrap_err().status, 400, "{body:?}");
    }
}
