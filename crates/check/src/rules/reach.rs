//! Whether collection requests reach the module: its listener, its neighbours, its routes.

use super::cluster::destinations;
use super::{Context, Findings};
use crate::model::{internal_listener, typed, Part};
use crate::node::Node;
use crate::place::shown;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (at, judged) in context.judged.iter().enumerate() {
        let plugin = judged.plugin;
        let before = context.judged.iter().take(at);
        let first = before
            .filter(|other| plugin.manager.is_some() && other.plugin.manager == plugin.manager)
            .find(|other| prefix(other.plugin.config.node) == prefix(plugin.config.node));
        if let Some(first) = first {
            let message = format!(
                "is the second of its chain that uses the module, and the first, at {}:{}, takes \
                 every collection request; leave one out, or give each a collect.path_prefix",
                first.plugin.config.file, first.plugin.config.line
            );
            findings.warning(&plugin.config, message);
        }
        let manager = plugin.manager.and_then(|at| context.model.managers.get(at));
        if let Some(manager) = manager {
            switched_off(manager, plugin.config.node, findings);
        }
    }
    on_the_way_out(context, findings);
}

fn prefix(config: &Node) -> Option<&str> {
    config.text_at("configuration.value.collect.path_prefix")
}

/// In the listener that the calls to webhooks go through, no SDK reaches the module.
fn on_the_way_out(context: &Context<'_>, findings: &mut Findings) {
    let ways_out: Vec<&str> = destinations(context)
        .iter()
        .filter_map(|destination| internal_listener(context.model.cluster(destination.name)?.node))
        .collect();
    for judged in context.judged {
        let listener = judged
            .plugin
            .listener
            .and_then(|at| context.model.listeners.get(at));
        let inside = listener.filter(|it| it.node.get("internal_listener").is_some());
        let Some(listener) = inside else {
            continue;
        };
        if ways_out.contains(&listener.name()) {
            let message = format!(
                "stands in the listener {}, through which webhooks are called and which no SDK \
                 reaches; write it into the listener that the SDKs send to",
                shown(listener.name())
            );
            findings.error(&judged.plugin.config, message);
        } else {
            let message = "stands in an internal listener, which SDKs reach through another \
                           listener of this Envoy alone; write it into the listener that the SDKs \
                           send to";
            findings.warning(&judged.plugin.config, message);
        }
    }
}

/// A `FilterConfig` that disables the filter for every path.
fn switched_off(manager: &Part<'_>, config: &Node, findings: &mut Findings) {
    let filters = manager.node.get("http_filters").map(Node::items);
    let ours = filters.unwrap_or_default().iter().find(|filter| {
        let body = filter.get("typed_config").and_then(typed);
        let found = body.and_then(|(_, body)| body.get("config"));
        found.is_some_and(|found| std::ptr::eq(found, config))
    });
    let name = ours.and_then(|filter| filter.text_at("name"));
    let (Some(name), Some(routes)) = (name, manager.node.get("route_config")) else {
        return;
    };
    let items = |node: &Node, field| {
        let items = node.get(field).map(Node::items).unwrap_or_default();
        items.to_vec()
    };
    let mut disable = |node: &Node| {
        let members = node.get("typed_per_filter_config").map(Node::members);
        let member = members.unwrap_or_default().iter().find(|it| it.key == name);
        let Some(member) = member.filter(|member| member.node.is_set("disabled")) else {
            return;
        };
        let part = Part {
            line: member.line,
            ..manager.at("route_config.typed_per_filter_config")
        };
        let message = format!(
            "disables {} where every path goes, so that nothing is collected there; leave \
             `disabled` out",
            shown(name)
        );
        findings.warning(&part, message);
    };
    disable(routes);
    for host in items(routes, "virtual_hosts") {
        disable(&host);
        for route in items(&host, "routes") {
            let matched = route.get("match");
            let is_all = |it: &Node| it.text_at("prefix") == Some("/") && it.members().len() == 1;
            if matched.is_some_and(is_all) {
                disable(&route);
            }
        }
    }
}
