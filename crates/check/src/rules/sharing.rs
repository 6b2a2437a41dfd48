//! Filters that share a name or a VM.

use super::{Context, Findings};
use crate::model::Plugin;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let plugins = &context.model.plugins;
    for (at, plugin) in plugins.iter().enumerate() {
        if plugin.config.name().is_empty() {
            findings.warning(
                &plugin.config.at("name"),
                "is missing, and filters without a name share state; write name: \
                 freshpaint_webhooks",
            );
        }
        let first = plugins.iter().take(at).find(|other| shares(other, plugin));
        if let Some(first) = first {
            say(first, plugin, findings);
        }
    }
}

/// The same filter in two listeners is one filter with one memory, as it should be.
fn shares(one: &Plugin<'_>, other: &Plugin<'_>) -> bool {
    let (one, other) = (&one.config, &other.config);
    let vm = |config: &crate::model::Part<'_>| {
        config
            .node
            .text_at("vm_config.vm_id")
            .unwrap_or_default()
            .to_owned()
    };
    let differ = |field| one.node.get(field) != other.node.get(field);
    (one.name() == other.name() && differ("configuration"))
        || (vm(one) == vm(other) && differ("vm_config"))
}

fn say(first: &Plugin<'_>, second: &Plugin<'_>, findings: &mut Findings) {
    let (one, other) = (&first.config, &second.config);
    let place = format!("the filter of {}:{}", one.file, one.line);
    if one.name() == other.name()
        && one.node.get("configuration") != other.node.get("configuration")
    {
        let message = format!(
            "is the name of {place} too, which has another configuration, so that each takes the \
             other's \
             events for its own; write another name and another vm_id"
        );
        findings.error(&other.at("name"), message);
    } else {
        let message = format!(
            "is the vm_id of {place} too, which has another vm_config, so that one of the two may \
             run with \
             the other's code or variables; write another vm_id"
        );
        findings.error(&other.at("vm_config.vm_id"), message);
    }
}
