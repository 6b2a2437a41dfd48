//! Webhooks with a cluster of their own: which HTTP they are called over, and that they see nothing
//! of Envoy's.

use crate::manifest::{grafted, CLUSTER, MANIFESTS};
use crate::{payload, start, track};
use freshpaint_harness::receiver::Protocol;
use freshpaint_harness::shipped::{repository, trust_store, Shipped};
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::{Receiver, Recorded};
use serde_json::json;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// The one call that a webhook gets for one event: our headers and not one of Envoy's.
#[track_caller]
fn assert_called(receiver: &Receiver, http: u8, host: &str) {
    let [request]: [Recorded; 1] = receiver.wait_for(1, PATIENCE).unwrap().try_into().unwrap();
    let user_agent = request.header("user-agent").unwrap_or_default().to_owned();
    let mut headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value)))
        .collect();
    headers.sort_unstable();
    let length = request.body.len().to_string();
    assert_eq!(
        headers,
        [
            ("content-length", length.into()),
            ("content-type", "application/json".into()),
            ("host", host.into()),
            ("user-agent", user_agent.into()),
            ("x-api-key", "crm-key-of-the-test".into()),
        ]
    );
    assert_eq!((request.http, request.json()), (http, payload("Signed Up")));
}

#[test]
fn without_tls_it_is_http_1_unless_the_cluster_says_http_2() {
    // A comment in envoy.yaml says so.
    let line = "explicit_http_config: {http2_protocol_options: {connection_keepalive: {interval: 30s, timeout: 5s}}}";
    let text = fs::read_to_string(repository().join("envoy/envoy.yaml")).unwrap();
    assert_eq!(text.matches(line).count(), 1);
    let http2 = json!({"http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "5s"}}});

    for (protocol, version) in [(Protocol::Http1, 1), (Protocol::Http2, 2)] {
        let receiver = Receiver::with(protocol).unwrap();
        let mut shipped = Shipped::load().unwrap();
        shipped.trust(&trust_store().unwrap()).unwrap();
        let webhooks = &mut shipped.configuration().unwrap()["webhooks"];
        webhooks.as_array_mut().unwrap().truncate(1);
        shipped.lead("crm", receiver.address()).unwrap();
        if version == 2 {
            let options = &mut shipped.cluster("crm").unwrap()["typed_extension_protocol_options"];
            options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
                ["explicit_http_config"] = http2.clone();
        }
        let envoy = start(shipped);
        assert_eq!(track(&envoy, "Signed Up").status, 200);
        assert_called(&receiver, version, "crm:8080");
    }
}

#[test]
fn over_tls_it_is_the_one_that_the_webhook_offers() {
    for manifest in MANIFESTS {
        for (http2, version) in [(false, 1), (true, 2)] {
            let certificate = Arc::new(Certificate::for_names(&["crm.example.com"]).unwrap());
            let receiver = Receiver::with(Protocol::Tls {
                certificate: Arc::clone(&certificate),
                http2,
            })
            .unwrap();
            let folder = tempfile::tempdir().unwrap();
            let authorities = folder.path().join("authorities.pem");
            fs::write(&authorities, certificate.pem()).unwrap();

            let mut shipped = grafted(manifest, &authorities);
            shipped.lead(CLUSTER, receiver.address()).unwrap();
            let envoy = start(shipped);
            assert_eq!(track(&envoy, "Signed Up").status, 200, "{}", envoy.log());
            assert_called(&receiver, version, "crm.example.com");
        }
    }
}
