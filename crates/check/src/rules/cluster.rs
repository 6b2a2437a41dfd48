//! The clusters that webhooks name: whether they are there, and whether they let enough calls
//! through.

use super::{Context, Findings};
use crate::judge::Judged;
use crate::model::{http_options, internal_listener, Part};
use crate::node::Node;
use crate::place::shown;

/// Envoy's own bound of each kind where a cluster writes none.
const ENVOYS_BOUND: f64 = 1_024.0;
/// The cluster of webhooks when the configuration names none (docs/configuration.md, "webhooks").
const DEFAULT_CLUSTER: &str = "webhooks_egress";
/// After this many seconds most load balancers close a connection that nothing goes over.
const LONGEST_IDLE: f64 = 60.0;

/// A webhook's cluster, by its name as it is written.
pub(super) struct Destination<'a> {
    pub(super) judged: &'a Judged<'a>,
    /// Of the webhook in its configuration.
    pub(super) index: usize,
    pub(super) name: &'a str,
    /// Where the name stands, else the webhook that has none.
    pub(super) path: String,
}

/// Where each webhook's calls go.
pub(super) fn destinations<'a>(context: &'a Context<'a>) -> Vec<Destination<'a>> {
    let mut found = Vec::new();
    for judged in context.judged {
        let common = judged.tree().and_then(|tree| tree.text_at("cluster"));
        for (index, webhook) in judged.webhooks().into_iter().enumerate() {
            let (name, path) = match (webhook.text_at("cluster"), common) {
                (Some(name), _) => (name, format!("webhooks[{index}].cluster")),
                (None, Some(name)) => (name, "cluster".to_owned()),
                (None, None) => (DEFAULT_CLUSTER, format!("webhooks[{index}]")),
            };
            found.push(Destination {
                judged,
                index,
                name,
                path,
            });
        }
    }
    found
}

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let destinations = destinations(context);
    for destination in &destinations {
        if context.model.cluster(destination.name).is_none() {
            missing(context, destination, findings);
        }
    }
    for cluster in &context.model.clusters {
        let needed = needed(context, &destinations, cluster.name());
        if needed == 0 {
            continue;
        }
        breakers(context, cluster, needed, findings);
        for end in context.model.ends(cluster) {
            breakers(context, end, needed, findings);
            idle_connections(end, findings);
        }
    }
    routes(context, findings);
}

fn missing(context: &Context<'_>, destination: &Destination<'_>, findings: &mut Findings) {
    let part = destination.judged.part(&destination.path);
    // A url may hold a secret.
    let name = if destination.name.contains("://") {
        "named by a url".to_owned()
    } else {
        shown(destination.name)
    };
    if context.model.has_unseen_clusters {
        if !context.model.clusters.is_empty() || !context.model.bootstraps.is_empty() {
            let message = format!(
                "goes to the cluster {name}, which is not in these files; see that your control \
                 plane has it"
            );
            findings.warning(&part, message);
        }
        return;
    }
    let remedy = match nearest(context, destination.name) {
        Some(near) => format!("write {}, or add the cluster", shown(near)),
        None if destination.name == DEFAULT_CLUSTER => {
            "copy it, its listener `egress` and their clusters from envoy/envoy.yaml, or name \
             another cluster"
                .into()
        }
        None => "add it under `clusters`, or name one that is there".into(),
    };
    findings.error(
        &part,
        format!("goes to the cluster {name}, which does not exist; {remedy}"),
    );
}

/// The cluster that was probably meant, also by its url, its port or in other letter case.
fn nearest<'a>(context: &Context<'a>, wanted: &str) -> Option<&'a str> {
    let (_, wanted) = wanted.split_once("://").unwrap_or(("", wanted));
    let wanted = wanted.rsplit('@').next().unwrap_or_default();
    let wanted = wanted.split([':', '/']).next().unwrap_or_default();
    let wanted = wanted.to_lowercase();
    let distance = |name: &&str| strsim::osa_distance(&name.to_lowercase(), &wanted);
    let names = context.model.clusters.iter().map(Part::name);
    let near = |name: &&str| 3 * distance(name) <= wanted.len().max(name.len());
    names.min_by_key(distance).filter(near)
}

/// The calls that all workers may have in flight to a cluster's webhooks.
fn needed(context: &Context<'_>, destinations: &[Destination<'_>], cluster: &str) -> usize {
    let mut names: Vec<&str> = Vec::new();
    let mut calls = 0;
    for destination in destinations.iter().filter(|d| d.name == cluster) {
        let plugin = destination.judged.plugin.config.name();
        let webhook = destination.judged.config.as_ref();
        // A filter that stands in several listeners is one.
        let is_first =
            !names.contains(&plugin) || std::ptr::eq(first(context, plugin), destination.judged);
        names.push(plugin);
        if let Some(config) = webhook.filter(|_| is_first) {
            calls += config.limits.max_in_flight_per_webhook * context.surroundings.workers;
        }
    }
    calls
}

fn first<'a>(context: &'a Context<'a>, plugin: &str) -> *const Judged<'a> {
    let mut judged = context.judged.iter();
    let found = judged.find(|judged| judged.plugin.config.name() == plugin);
    found.map_or(std::ptr::null(), std::ptr::from_ref)
}

fn breakers(context: &Context<'_>, cluster: &Part<'_>, needed: usize, findings: &mut Findings) {
    let thresholds = cluster.node.get("circuit_breakers.thresholds");
    let mut thresholds = thresholds.map(Node::items).unwrap_or_default().iter();
    let default =
        thresholds.find(|found| matches!(found.text_at("priority"), None | Some("DEFAULT")));
    let bound = |field| {
        let written = default.and_then(|found| found.number_at(field));
        (written.unwrap_or(ENVOYS_BOUND), field)
    };
    let bounds = ["max_requests", "max_pending_requests"].map(bound);
    let low: Vec<_> = bounds
        .iter()
        .filter(|(bound, _)| *bound < needed as f64)
        .collect();
    let Some((bound, _)) = low.first() else {
        return;
    };
    let least = needed.max(16_384);
    let fields: Vec<String> = low
        .iter()
        .map(|(_, field)| format!("{field}: {least}"))
        .collect();
    let message = format!(
        "let {bound} calls through, and {} workers make up to {needed} at a time, so that some \
         are never sent; \
         write thresholds: [{{{}}}]",
        context.surroundings.workers,
        fields.join(", "),
    );
    findings.warning(&cluster.at("circuit_breakers"), message);
}

fn idle_connections(cluster: &Part<'_>, findings: &mut Findings) {
    if internal_listener(cluster.node).is_some() {
        return;
    }
    let written = http_options(cluster.node)
        .and_then(|options| options.seconds_at("common_http_protocol_options.idle_timeout"))
        .or_else(|| {
            cluster
                .node
                .seconds_at("common_http_protocol_options.idle_timeout")
        });
    if written.is_none_or(|seconds| seconds == 0.0 || seconds > LONGEST_IDLE) {
        let mut part = cluster.at("typed_extension_protocol_options");
        part.path = format!("{}.common_http_protocol_options.idle_timeout", cluster.path);
        findings.warning(
            &part,
            "keeps idle connections for longer than the 60 s after which most load balancers \
             close them, and a \
             call on a closed one fails; write idle_timeout: 55s",
        );
    }
}

/// Envoy looks for the clusters of static routes itself; those of a route that comes by RDS fail at
/// run time.
fn routes(context: &Context<'_>, findings: &mut Findings) {
    if context.model.has_unseen_clusters {
        return;
    }
    for route in &context.model.routes {
        let part = route.action.at("cluster");
        let name = part.node.text().unwrap_or_default();
        if context.model.cluster(name).is_none() {
            let message = format!(
                "names the cluster {}, which does not exist; add it under `clusters`, or name one \
                 that is there",
                shown(name)
            );
            findings.error(&part, message);
        }
    }
}
