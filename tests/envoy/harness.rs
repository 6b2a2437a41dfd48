//! The harness itself, tried without the module.

use freshpaint_harness::envoy::filter;
use freshpaint_harness::receiver::{status, Protocol};
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::{
    Cluster, Config, Connection, Envoy, Gate, H2Connection, Receiver, Reply, Request,
};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// Calls the cluster named by the request's `x-call` and answers with that call's status.
fn caller() -> serde_json::Value {
    let code = r#"
        function envoy_on_request(handle)
          local cluster = handle:headers():get("x-call")
          if cluster == nil then return end
          local bytes = handle:body():getBytes(0, handle:body():length())
          local headers, body = handle:httpCall(cluster,
            {[":method"] = "POST", [":path"] = "/in", [":authority"] = "hook.test"}, bytes, 2000)
          handle:respond({[":status"] = headers[":status"]}, body)
        end
    "#;
    filter(
        "lua",
        "lua.v3.Lua",
        json!({"default_source_code": {"inline_string": code}}),
    )
}

#[test]
fn a_receiver_is_called_and_the_upstream_sees_the_rest() {
    let plain = Receiver::start().unwrap();
    let h2 = Receiver::with(Protocol::Http2).unwrap();
    let certificate = Arc::new(Certificate::for_names(&["hook.test"]).unwrap());
    let tls = Receiver::with(Protocol::Tls {
        certificate: Arc::clone(&certificate),
        http2: false,
    })
    .unwrap();
    let upstream = Receiver::start().unwrap();
    upstream.set(
        status(201)
            .body("from the upstream")
            .header("x-odd", b"\xff\xfe".to_vec()),
    );
    let envoy = Envoy::start(&Config {
        stand_in: Some(caller()),
        upstream: Some(upstream.address()),
        clusters: vec![
            Cluster::new("plain", plain.address()),
            Cluster {
                http2: true,
                ..Cluster::new("h2", h2.address())
            },
            Cluster {
                trusted_ca: Some(certificate.pem()),
                ..Cluster::new("tls", tls.address())
            },
        ],
        ..Config::default()
    })
    .unwrap();

    for (name, receiver, http) in [("plain", &plain, 1), ("h2", &h2, 2), ("tls", &tls, 1)] {
        let call = Request::post("/x", "abc").header("x-call", name);
        assert_eq!(call.send(envoy.address()).unwrap().status, 200, "{name}");
        let seen = receiver.wait_for(1, SOON).unwrap();
        assert_eq!((seen[0].http, seen[0].body.as_slice()), (http, &b"abc"[..]));
        assert_eq!(seen[0].header("host"), Some("hook.test"));
    }

    let passed = Request::post("/p?q=1", "hello")
        .chunked(2)
        .trailer("x-last", "1");
    let over_h2 = H2Connection::open(envoy.address()).unwrap();
    for answer in [
        passed.send(envoy.address()).unwrap(),
        over_h2.request(&passed).unwrap(),
    ] {
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (201, "from the upstream")
        );
        assert_eq!(
            answer.headers.iter().find(|h| h.0 == "x-odd").unwrap().1,
            b"\xff\xfe"
        );
    }
    for seen in upstream.wait_for(2, SOON).unwrap() {
        assert_eq!(
            (seen.method.as_str(), seen.target.as_str()),
            ("POST", "/p?q=1")
        );
        assert_eq!(seen.body, b"hello");
        assert_eq!(seen.trailers, [("x-last".into(), b"1".to_vec())]);
    }
}

#[test]
fn a_receiver_misbehaves_as_told() {
    let hook = Receiver::start().unwrap();
    let request = Request::post("/in", "{}");
    let send = || request.send(hook.address());

    for broken in [
        Reply::reset_before_headers(),
        Reply::reset_in_headers(),
        Reply::reset_after_headers(),
        Reply::partial(),
        Reply::garbage(),
    ] {
        hook.set(broken.clone());
        assert!(send().is_err(), "{broken:?}");
    }
    for endless in [Reply::silence(), Reply::drip()] {
        hook.set(endless.clone());
        let before = hook.count();
        let mut connection = Connection::open(hook.address()).unwrap();
        connection.send(&request.to_bytes()).unwrap();
        hook.wait_for(before + 1, SOON).unwrap();
        assert!(
            connection
                .response_within(Duration::from_millis(200))
                .is_err(),
            "{endless:?}"
        );
    }
    let gate = Gate::closed();
    hook.set(status(202).behind(&gate));
    let mut held = Connection::open(hook.address()).unwrap();
    held.send(&request.to_bytes()).unwrap();
    hook.wait_for(8, SOON).unwrap();
    assert!(held.response_within(Duration::from_millis(200)).is_err());
    gate.open();
    assert_eq!(held.response().unwrap().status, 202);
    hook.decide(|_, before| status(if before < 9 { 503 } else { 204 }));
    assert_eq!(send().unwrap().status, 503);
    assert_eq!(send().unwrap().status, 204);
    hook.close();
    assert!(Connection::open(hook.address()).is_err());
    hook.open().unwrap();
    assert_eq!(send().unwrap().status, 204);
    assert_eq!(hook.wait_for(11, SOON).unwrap().len(), 11);
}

#[test]
fn a_listener_is_replaced_from_a_file() {
    let answering = |code: u16| Config {
        stand_in: Some(filter(
            "lua",
            "lua.v3.Lua",
            json!({"default_source_code": {"inline_string":
            format!("function envoy_on_request(h) if h:headers():get(':path') == '/x' then \
                h:respond({{[':status'] = '{code}'}}, '') end end")}}),
        )),
        file_lds: true,
        ..Config::default()
    };
    let envoy = Envoy::start(&answering(201)).unwrap();
    let status = || Request::get("/x").send(envoy.address()).unwrap().status;
    assert_eq!(status(), 201);
    envoy.update(&answering(202)).unwrap();
    envoy
        .wait_for_stat("listener_manager.lds.update_success", 2, SOON)
        .unwrap();
    freshpaint_harness::wait::poll(SOON, || (status() == 202).then_some(())).unwrap();
}

#[test]
fn a_wrong_configuration_is_reported() {
    let wrong = Config {
        stand_in: Some(filter("lua", "lua.v3.Lua", json!({"no_such_field": 1}))),
        ..Config::default()
    };
    let verdict = Envoy::validate(&wrong).unwrap();
    assert!(!verdict.accepted);
    assert!(
        verdict.output.contains("no_such_field"),
        "{}",
        verdict.output
    );
    assert!(Envoy::start(&wrong)
        .unwrap_err()
        .to_string()
        .contains("no_such_field"));
    let right = Config {
        stand_in: Some(caller()),
        ..Config::default()
    };
    assert!(Envoy::validate(&right).unwrap().accepted);
}
