//! The clusters of a test's Envoy.

use super::parts::{address, ext, filter};
use serde_json::{json, Value};
use std::net::SocketAddr;

/// A static cluster of one endpoint.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its endpoint; none makes a cluster without hosts.
    pub address: Option<SocketAddr>,
    /// HTTP/2 to the endpoint.
    pub http2: bool,
    /// TLS to the endpoint, trusting this PEM, server name and verified name taken from the URL's
    /// host.
    pub trusted_ca: Option<String>,
    /// Circuit breakers: connections, pending requests, requests; `None` leaves Envoy's 1,024 each.
    pub breaker: Option<u32>,
}

impl Cluster {
    /// A cluster over HTTP/1.1 without TLS.
    pub fn new(name: &str, address: SocketAddr) -> Self {
        Self {
            name: name.to_owned(),
            address: Some(address),
            http2: false,
            trusted_ca: None,
            breaker: None,
        }
    }

    /// Without any host.
    pub fn empty(name: &str) -> Self {
        Self {
            address: None,
            ..Self::new(name, SocketAddr::from(([127, 0, 0, 1], 0)))
        }
    }

    pub(super) fn json(&self) -> Value {
        let protocol = if self.http2 {
            json!({"http2_protocol_options": {}})
        } else {
            json!({"http_protocol_options": {}})
        };
        let remove = |name: &str| json!({"remove": name});
        let mut cluster = json!({
            "name": self.name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": self.name,
                "endpoints": self.address.iter().map(|&to| json!({
                    "lb_endpoints": [{"endpoint": {"address": address(to)}}],
                })).collect::<Vec<_>>(),
            },
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": ext("upstreams.http.v3.HttpProtocolOptions"),
                    "explicit_http_config": protocol,
                    // Envoy's client adds these to every call of a module; no webhook asked for
                    // them.
                    "http_filters": [
                        filter("header_mutation", "header_mutation.v3.HeaderMutation", json!({
                            "mutations": {"request_mutations": [
                                remove("x-envoy-internal"), remove("x-envoy-expected-rq-timeout-ms"),
                            ]},
                        })),
                        filter("upstream_codec", "upstream_codec.v3.UpstreamCodec", json!({})),
                    ],
                    "upstream_http_protocol_options": {"auto_sni": true, "auto_san_validation": true},
                },
            },
        });
        if let Some(pem) = &self.trusted_ca {
            cluster["transport_socket"] = json!({
                "name": "envoy.transport_sockets.tls",
                "typed_config": {
                    "@type": ext("transport_sockets.tls.v3.UpstreamTlsContext"),
                    "common_tls_context": {
                        "validation_context": {"trusted_ca": {"inline_string": pem}},
                    },
                },
            });
        }
        if let Some(most) = self.breaker {
            cluster["circuit_breakers"] = json!({"thresholds": [{
                "max_connections": most, "max_pending_requests": most, "max_requests": most,
            }]});
        }
        cluster
    }
}

/// The route's own upstream, which sees everything that is not a collection request.
pub(super) fn upstream_cluster(to: SocketAddr) -> Value {
    json!({
        "name": "upstream",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(to)}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": ext("upstreams.http.v3.HttpProtocolOptions"),
                "explicit_http_config": {"http_protocol_options": {"enable_trailers": true}},
            },
        },
    })
}
