//! A webhook, its name, and an Envoy that a platform has set up.

use freshpaint_harness::dns::NameServer;
use freshpaint_harness::envoy::{address, ext, Place, Whole, READY_PATH};
use freshpaint_harness::receiver::Protocol;
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::{Envoy, Receiver, Request};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

/// The webhook of the manifests.
const HOST: &str = "crm.example.com";

/// Both families: IPv4 answers, and nobody listens on IPv6.
const DUAL_STACK: [IpAddr; 2] = [
    IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
    IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
];

/// An Envoy as a platform sets it up, and the webhook that its manifests name.
pub(crate) struct Bed {
    pub(crate) envoy: Envoy,
    pub(crate) crm: Receiver,
    _names: NameServer,
}

/// The configuration that a platform makes of its manifests at a place; the bed leads their webhook
/// to its receiver.
pub(crate) type Make<'m> = &'m dyn Fn(&Place<'_>) -> Whole;

impl Bed {
    pub(crate) fn start(make: Make<'_>) -> Self {
        let certificate = Arc::new(Certificate::for_names(&[HOST]).unwrap());
        let crm = Receiver::with(Protocol::Tls {
            certificate: Arc::clone(&certificate),
            http2: true,
        })
        .unwrap();
        let names = NameServer::start(&DUAL_STACK).unwrap();
        let envoy = Envoy::start_whole(|place| {
            let authorities = place.folder.join("authorities.pem");
            fs::write(&authorities, certificate.pem())?;
            let mut whole = make(place);
            let clusters = whole.bootstrap["static_resources"]["clusters"].as_array_mut();
            for cluster in clusters.unwrap() {
                let socket =
                    "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
                let socket = cluster.pointer_mut(socket).unwrap();
                if socket["address"] == HOST {
                    socket["port_value"] = json!(crm.address().port());
                    let tls = &mut cluster["transport_socket"]["typed_config"];
                    tls["common_tls_context"]["validation_context"]["trusted_ca"]["filename"] =
                        json!(authorities);
                }
            }
            whole.bootstrap["typed_dns_resolver_config"] = resolver(&names);
            whole.environment =
                BTreeMap::from([("CRM_KEY".to_owned(), "crm-key-of-the-test".to_owned())]);
            Ok(whole)
        });
        Self {
            envoy: envoy.unwrap_or_else(|error| panic!("{error:#}")),
            crm,
            _names: names,
        }
    }
}

fn resolver(names: &NameServer) -> Value {
    json!({
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": ext("network.dns_resolver.cares.v3.CaresDnsResolverConfig"),
            "resolvers": [address(names.address())],
            "dns_resolver_options": {"no_default_search_domain": true},
        },
    })
}

/// The routes that a platform has for a host: here those that no manifest makes.
pub(crate) fn routes() -> Value {
    json!([
        {"match": {"path": READY_PATH}, "direct_response": {"status": 200}},
        {"match": {"prefix": "/"}, "direct_response": {"status": 404}},
    ])
}

/// A batch of Segment's with this many events, each with as many bytes of filling.
pub(crate) fn batch(events: usize, filling: usize) -> Request {
    let events: Vec<_> = (0..events)
        .map(|n| {
            json!({
                "type": "track", "event": "Signed Up", "anonymousId": "d-1",
                "messageId": format!("m-{n}"), "timestamp": "2022-12-28T21:16:50Z",
                "properties": {"filling": "x".repeat(filling)},
            })
        })
        .collect();
    Request::post("/v1/batch", json!({"batch": events}).to_string())
}

/// The filters before the router, by name, of an HTTP connection manager.
pub(crate) fn filter_names(manager: &Value) -> Vec<&str> {
    let filters = manager["http_filters"].as_array().unwrap();
    filters
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect()
}
