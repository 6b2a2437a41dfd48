//! The HTTP connection manager around the module: the order of its filters, and its timeouts.

use super::{Context, Findings};
use crate::judge::Judged;
use crate::model::{typed, Part};
use crate::node::Node;

/// How long a collection request may take (docs/operations.md, "Timeouts").
const LONGEST_REQUEST: f64 = 25.0;

/// Filters that refuse whoever has no credentials.
const ASK_FOR_CREDENTIALS: [&str; 5] = [
    "api_key_auth",
    "basic_auth",
    "ext_authz",
    "jwt_authn",
    "oauth2",
];

const FILTERS: &str = "envoy.extensions.filters.http.";

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for judged in context.judged {
        let manager = judged.plugin.manager;
        let Some(manager) = manager.and_then(|index| context.model.managers.get(index)) else {
            continue;
        };
        order(manager, judged, findings);
        timeouts(manager, findings);
        client_address(manager, judged, findings);
    }
}

/// The part of an extension's type that tells it from others: `router`, `cors`.
fn kind(filter: &Node) -> &str {
    let found = filter.get("typed_config").and_then(typed);
    let kind = found.and_then(|(name, _)| name.strip_prefix(FILTERS));
    kind.and_then(|kind| kind.split('.').next())
        .unwrap_or_default()
}

fn order(manager: &Part<'_>, judged: &Judged<'_>, findings: &mut Findings) {
    let filters = manager
        .node
        .get("http_filters")
        .map(Node::items)
        .unwrap_or_default();
    let is_ours = |filter: &Node| {
        let body = filter.get("typed_config").and_then(typed);
        let config = body.and_then(|(_, body)| body.get("config"));
        config.is_some_and(|config| std::ptr::eq(config, judged.plugin.config.node))
    };
    let Some(ours) = filters.iter().position(|filter| is_ours(filter)) else {
        return;
    };
    if !filters.iter().any(|filter| kind(filter) == "router") {
        let message = "have no router, without which Envoy refuses them; write \
         envoy.filters.http.router last";
        findings.error(&manager.at("http_filters"), message);
    }
    for (at, filter) in filters.iter().enumerate() {
        let mut part = manager.at("http_filters");
        let name = filter.text_at("name").unwrap_or_default();
        (part.path, part.line) = (format!("{}[{name}]", part.path), filter.line);
        if at == ours && filter.is_set("disabled") {
            let message = "is disabled, so that nothing is collected; leave out `disabled`";
            findings.warning(&part, message);
        }
        match kind(filter) {
            "router" if at < ours => findings.error(
                &part,
                "stands before the module, which then sees no request; write it last",
            ),
            "decompressor" if at > ours => findings.warning(
                &part,
                "stands after the module, which takes gzip alone by itself; write it before the \
                 module, or \
                 leave it out",
            ),
            "compressor" if at < ours && compresses_requests(filter) => findings.error(
                &part,
                "compresses requests before the module reads them; leave out \
                 request_direction_config",
            ),
            kind @ ("cors" | "csrf") if at < ours => findings.warning(
                &part,
                format!(
                    "answers for the module, which does {kind} by itself \
                 (collect.allowed_origins); write it after the module"
                ),
            ),
            kind if at < ours && ASK_FOR_CREDENTIALS.contains(&kind) => findings.warning(
                &part,
                "stands before the module and asks for credentials, which SDKs do not send; write \
                 it after \
                 the module",
            ),
            "buffer" if at < ours => buffer(&part, filter, judged, findings),
            _ => {}
        }
    }
}

fn compresses_requests(filter: &Node) -> bool {
    let body = filter.get("typed_config").and_then(typed);
    body.is_some_and(|(_, body)| body.get("request_direction_config").is_some())
}

fn buffer(part: &Part<'_>, filter: &Node, judged: &Judged<'_>, findings: &mut Findings) {
    let body = filter.get("typed_config").and_then(typed);
    let most = body.and_then(|(_, body)| body.number_at("max_request_bytes"));
    let Some((most, config)) = most.zip(judged.config.as_ref()) else {
        return;
    };
    let wanted = config.limits.max_body_bytes;
    if most < wanted as f64 {
        let message = format!(
            "refuses requests of more than {most} bytes without CORS headers; write \
             max_request_bytes: \
             {wanted} (limits.max_body_bytes), or leave the filter out"
        );
        findings.warning(part, message);
    }
}

fn timeouts(manager: &Part<'_>, findings: &mut Findings) {
    let seconds = |field| {
        manager
            .node
            .seconds_at(field)
            .filter(|seconds| *seconds > 0.0)
    };
    let common = "common_http_protocol_options";
    if seconds("request_timeout").is_none() {
        findings.warning(
            &manager.at("request_timeout"),
            "is not set, so that a client that trickles its request holds memory for as long as \
             it likes; write \
             request_timeout: 30s",
        );
    }
    if seconds("request_headers_timeout").is_none() {
        findings.warning(
            &manager.at("request_headers_timeout"),
            "is not set, so that a client that trickles its headers holds a connection for as \
             long as it likes; \
             write request_headers_timeout: 10s",
        );
    }
    for (field, remedy) in [
        ("stream_idle_timeout".to_owned(), "300s"),
        (format!("{common}.max_stream_duration"), "60s"),
    ] {
        let written = manager.node.seconds_at(&field);
        if written.is_some_and(|seconds| seconds > 0.0 && seconds <= LONGEST_REQUEST) {
            let name = field.rsplit('.').next().unwrap_or_default();
            let message = format!(
                "ends requests that still wait for a webhook, for which they have 25 s; write \
                 {name}: {remedy}"
            );
            findings.warning(&manager.at(&field), message);
        }
    }
    let idle = format!("{common}.idle_timeout");
    if manager.node.seconds_at(&idle) == Some(0.0) {
        let message = "lets clients hold idle connections for ever; write idle_timeout: 3600s";
        findings.warning(&manager.at(&idle), message);
    }
}

fn client_address(manager: &Part<'_>, judged: &Judged<'_>, findings: &mut Findings) {
    let sends = judged
        .config
        .as_ref()
        .is_some_and(|config| config.context_ip);
    if sends && !manager.node.is_set("use_remote_address") {
        findings.warning(
            &manager.at("use_remote_address"),
            "is not set, so that context.ip is what a client writes into X-Forwarded-For; write \
             use_remote_address: true, and xff_num_trusted_hops for the load balancers in front",
        );
    }
}
