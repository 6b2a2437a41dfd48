//! The way to any url: a cluster that leads to an internal listener, whose routes lead to a dynamic
//! forward proxy.

use super::address::{self, Ranges};
use super::cluster::{destinations, Destination};
use super::{Context, Findings};
use crate::model::{http_options, internal_listener, typed, Part};
use crate::node::Node;
use crate::place::shown;
use crate::surroundings::Version;

const FORWARD_PROXY: &str = "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig";
const FILTER: &str = "resolved_address_filter";
/// The first Envoy with `resolved_address_filter`.
const OLDEST: Version = Version(1, 39, 0);

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for cluster in &context.model.clusters {
        if let Some(listener) = internal_listener(cluster.node) {
            internal(context, cluster, listener, findings);
        }
    }
    for destination in destinations(context) {
        let Some(cluster) = context.model.cluster(destination.name) else {
            continue;
        };
        if dns_cache(cluster.node).is_some() {
            let part = destination.judged.part(&destination.path);
            let message = format!(
                "goes to {} directly, which refuses the first call to each host that it has not \
                 resolved yet; \
                 lead it through an internal listener, as `webhooks_egress` in envoy/envoy.yaml",
                shown(destination.name)
            );
            findings.warning(&part, message);
        }
        let mut refusing = None;
        for end in context.model.ends(cluster) {
            let Some(cache) = dns_cache(end.node) else {
                continue;
            };
            address_filter(context, end, cache, findings);
            let ranges = cache.get(FILTER).map(Ranges::read);
            let range = ranges.and_then(|ranges| refused(&destination, &ranges));
            refusing = refusing.or(range.map(|range| (end.name(), range)));
        }
        if let Some((name, range)) = refusing {
            let url = format!("webhooks[{}].url", destination.index);
            let message = format!(
                "leads to an address of {range}, which resolved_address_filter of {} refuses; \
                 give the webhook a cluster of its own, or for a local trial leave the filter out",
                shown(name)
            );
            findings.error(&destination.judged.part(&url), message);
        }
        repeats(context, cluster, findings);
    }
}

fn internal(context: &Context<'_>, cluster: &Part<'_>, listener: &str, findings: &mut Findings) {
    let model = context.model;
    let known = model.listeners.iter().find(|part| part.name() == listener);
    let part = cluster.at("load_assignment");
    match known {
        Some(known) if known.node.get("internal_listener").is_none() => findings.error(
            &known.at("internal_listener"),
            format!(
                "is missing, and the cluster {} calls this listener without a socket; write \
                 internal_listener: \
                 {{}} in place of its address",
                shown(cluster.name())
            ),
        ),
        None if !model.bootstraps.is_empty() && !has_unseen_listeners(context) => findings.error(
            &part,
            format!(
                "leads to the internal listener {}, which does not exist; add it, as `egress` in \
                 envoy/envoy.yaml, or write the name of one that is there",
                shown(listener)
            ),
        ),
        _ => {}
    }
    for bootstrap in &model.bootstraps {
        let extensions = bootstrap.node.get("bootstrap_extensions").map(Node::items);
        let is_there = extensions.unwrap_or_default().iter().any(|extension| {
            let found = extension.get("typed_config").and_then(typed);
            found.is_some_and(|(name, _)| name.ends_with("internal_listener.v3.InternalListener"))
        });
        if !is_there {
            let message =
                "have no envoy.bootstrap.internal_listener, without which Envoy refuses internal \
                 addresses; copy it from envoy/envoy.yaml";
            let mut part = bootstrap.at("bootstrap_extensions");
            part.path = "bootstrap_extensions".into();
            findings.error(&part, message);
        }
    }
    let options = http_options(cluster.node);
    let speaks_http2 = options.is_some_and(|options| {
        options
            .get("explicit_http_config.http2_protocol_options")
            .is_some()
    });
    if !speaks_http2 {
        let message = "speaks HTTP/1.1 to its listener, which carries no :scheme, so that https \
         urls are called \
             without TLS; write explicit_http_config: {http2_protocol_options: {}}";
        findings.error(&cluster.at("typed_extension_protocol_options"), message);
    }
}

fn has_unseen_listeners(context: &Context<'_>) -> bool {
    context.model.bootstraps.iter().any(|bootstrap| {
        let source = bootstrap.node.get("dynamic_resources.lds_config");
        source.is_some_and(|source| source.get("path_config_source").is_none())
    })
}

/// The `dns_cache_config` of a dynamic forward proxy.
fn dns_cache(cluster: &Node) -> Option<&Node> {
    let (name, body) = typed(cluster.get("cluster_type.typed_config")?)?;
    body.get("dns_cache_config")
        .filter(|_| name == FORWARD_PROXY)
}

fn address_filter(context: &Context<'_>, end: &Part<'_>, cache: &Node, findings: &mut Findings) {
    let part = end.at("cluster_type");
    if cache.get(FILTER).is_none() {
        let message = "has no resolved_address_filter, so that a url can lead to this host, its \
         network or a \
             cloud's metadata service; copy it from envoy/envoy.yaml (Envoy 1.39)";
        findings.warning(&part, message);
        return;
    }
    if let Some(version) = context.surroundings.envoy.filter(|known| *known < OLDEST) {
        let message = format!(
            "has a resolved_address_filter, which needs Envoy {OLDEST} or newer, and this one is \
             {version}; take \
             a newer Envoy"
        );
        findings.error(&part, message);
    }
}

/// The range that has the address in a webhook's url; nothing when a variable may have brought it.
fn refused(destination: &Destination<'_>, ranges: &Ranges) -> Option<String> {
    let written = destination.judged.webhooks();
    let written = written.get(destination.index)?.text_at("url")?;
    if written.contains("${") {
        return None;
    }
    let config = destination.judged.config.as_ref()?;
    let webhook = config.webhooks.get(destination.index)?;
    let addresses = address::of_authority(&webhook.authority);
    addresses
        .into_iter()
        .find_map(|address| ranges.holding(address))
}

fn repeats(context: &Context<'_>, cluster: &Part<'_>, findings: &mut Findings) {
    let listener = internal_listener(cluster.node).unwrap_or_default();
    for route in context.model.routes_of(listener) {
        if route.action.node.get("retry_policy").is_some() {
            findings.warning(
                &route.action.at("retry_policy"),
                "makes Envoy send events again beside the module, which has retries of its own; \
                 leave it out",
            );
        }
    }
}
