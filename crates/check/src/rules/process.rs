//! Rules for the whole of Envoy: its files, its admin interface, its statistics.

use std::collections::HashSet;
use std::net::IpAddr;

use super::{Context, Findings};
use crate::files::Kind;
use crate::model::{Part, Plugin};
use crate::node::Node;
use crate::place::shown;
use crate::yaml::{self, Format};

/// The file whose tags every other file needs too.
const SHIPPED: &str = include_str!("../../../../envoy/envoy.yaml");

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut said = HashSet::new();
    for part in &context.model.twice {
        // A value that an anchor repeats is reported once, where the anchor stands.
        let key = part.path.rsplit('.').next();
        if !said.insert((part.file, part.line, key)) {
            continue;
        }
        let message =
            "is given twice, of which Envoy takes the second without a word; write it once";
        findings.error(part, message);
    }
    for part in &context.model.watched {
        let path = part.node.text().unwrap_or_default();
        if !path.contains('/') {
            let message = format!(
                "has no folder, and Envoy watches folders; write {}",
                shown(&format!("./{path}"))
            );
            findings.error(part, message);
        }
    }
    documents(context, findings);
    names(&context.model.clusters, "cluster", findings);
    names(&context.model.listeners, "listener", findings);
    for bootstrap in &context.model.bootstraps {
        admin(bootstrap, findings);
        node(bootstrap, findings);
        if !context.model.plugins.iter().all(Plugin::is_front) {
            tags(bootstrap, findings);
        }
    }
}

fn documents(context: &Context<'_>, findings: &mut Findings) {
    for file in context
        .files
        .iter()
        .filter(|file| file.kind != Kind::Manifest)
    {
        if let Some(second) = file.documents.get(1) {
            let part = Part {
                file: &file.name,
                path: String::new(),
                line: second.line,
                node: second,
            };
            let message =
                "begins a second document, which Envoy never reads; write it into the first";
            findings.error(&part, message);
        }
    }
}

fn names(parts: &[Part<'_>], what: &str, findings: &mut Findings) {
    for (at, part) in parts.iter().enumerate() {
        let mut before = parts.iter().take(at);
        if let Some(first) =
            before.find(|first| first.name() == part.name() && !part.name().is_empty())
        {
            let message = format!(
                "is the second {what} of the name {}, after {}:{}; write another name",
                shown(part.name()),
                first.file,
                first.line
            );
            findings.error(&part.at("name"), message);
        }
    }
}

fn admin(bootstrap: &Part<'_>, findings: &mut Findings) {
    const ADDRESS: &str = "admin.address.socket_address.address";
    let Some(address) = bootstrap.node.text_at(ADDRESS) else {
        return;
    };
    if address
        .parse()
        .is_ok_and(|address: IpAddr| !address.is_loopback())
    {
        let mut part = bootstrap.at(ADDRESS);
        part.path = ADDRESS.into();
        let message =
            "lets whoever reaches it read this configuration and stop Envoy; write 127.0.0.1";
        findings.warning(&part, message);
    }
}

fn node(bootstrap: &Part<'_>, findings: &mut Findings) {
    let is_dynamic = bootstrap.node.get("dynamic_resources").is_some();
    let has = |field| {
        bootstrap
            .node
            .text_at(field)
            .is_some_and(|text| !text.is_empty())
    };
    if is_dynamic && !(has("node.id") && has("node.cluster")) {
        let mut part = bootstrap.at("node");
        part.path = "node".into();
        let message = "has no id and cluster, without which Envoy refuses dynamic_resources; \
         write node: \
             {id: collector, cluster: collectors}, or start Envoy with --service-node and \
             --service-cluster";
        findings.warning(&part, message);
    }
}

/// The module's counters carry their labels in their names, which these tags turn into labels.
fn tags(bootstrap: &Part<'_>, findings: &mut Findings) {
    let documents = yaml::read(SHIPPED, Format::Yaml).unwrap_or_default();
    let shipped = documents
        .first()
        .map(|root| tags_of(root))
        .unwrap_or_default();
    let written = tags_of(bootstrap.node);
    let missing: Vec<&str> = shipped
        .into_iter()
        .filter(|tag| !written.contains(tag))
        .collect();
    if !missing.is_empty() {
        let mut part = bootstrap.at("stats_config.stats_tags");
        part.path = "stats_config.stats_tags".into();
        let message = format!(
            "have no {} for freshpaint_webhooks, so that its metrics lack these labels; copy \
             them from \
             envoy/envoy.yaml",
            missing.join(", ")
        );
        findings.warning(&part, message);
    }
}

fn tags_of(bootstrap: &Node) -> Vec<&str> {
    let tags = bootstrap.get("stats_config.stats_tags").map(Node::items);
    let ours = tags.unwrap_or_default().iter().filter(|tag| {
        let regex = tag.text_at("regex").unwrap_or_default();
        regex.contains("freshpaint_webhooks")
    });
    ours.filter_map(|tag| tag.text_at("tag_name")).collect()
}
