//! A collector of traces: what Envoy exports over OTLP/HTTP.

use crate::receiver::Receiver;
use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;

/// Takes spans at `/v1/traces` (OpenTelemetry Protocol Specification, "OTLP/HTTP").
#[derive(Debug)]
pub struct OtlpReceiver(Receiver);

/// One span; ids are hexadecimal as in `traceparent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Of whom the span is.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The trace that it belongs to.
    pub trace_id: String,
    /// Its own id.
    pub span_id: String,
    /// The span that it is a part of; empty for the first of a trace.
    pub parent_id: String,
    /// Its attributes that are text.
    pub attributes: BTreeMap<String, String>,
}

impl OtlpReceiver {
    /// Starts one on a free port.
    pub fn start() -> Result<Self> {
        Receiver::start().map(Self)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Every span so far, in the order in which they came.
    pub fn spans(&self) -> Result<Vec<Span>> {
        let mut spans = Vec::new();
        for request in self.0.requests() {
            let exported = ExportTraceServiceRequest::decode(request.body.as_slice())?;
            for resource in exported.resource_spans {
                let attributes = resource.resource.map(|resource| resource.attributes);
                let service = text(attributes.unwrap_or_default()).remove("service.name");
                let service = service.unwrap_or_default();
                let scopes = resource.scope_spans.into_iter();
                let of_all = scopes.flat_map(|scope| scope.spans);
                spans.extend(of_all.map(|span| Span::of(span, &service)));
            }
        }
        Ok(spans)
    }
}

impl Span {
    fn of(span: proto::Span, service: &str) -> Self {
        Self {
            service: service.to_owned(),
            name: span.name,
            trace_id: hex(&span.trace_id),
            span_id: hex(&span.span_id),
            parent_id: hex(&span.parent_span_id),
            attributes: text(span.attributes),
        }
    }
}

fn text(
    attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>,
) -> BTreeMap<String, String> {
    let texts = attributes.into_iter().filter_map(|attribute| {
        match attribute.value.and_then(|value| value.value)? {
            Value::StringValue(text) => Some((attribute.key, text)),
            _ => None,
        }
    });
    texts.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
