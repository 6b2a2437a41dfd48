//! Filters that serve the live page.

use super::{Context, Findings};
use crate::judge::Judged;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for judged in context.judged {
        let Some(monitor) = &judged.monitor else {
            continue;
        };
        let is_collector = |other: &&Judged<'_>| other.monitor.is_none() && other.front.is_none();
        let collectors: Vec<_> = context.judged.iter().filter(is_collector).collect();
        if collectors.is_empty() {
            // A file of its own, to be added to another.
            continue;
        }
        let mut named = collectors.into_iter();
        let shown = named.find(|other| other.plugin.config.name() == monitor.of);
        let Some(shown) = shown else {
            let message = format!(
                "is {:?}, and no filter of these files that collects has that name; write the \
                 `name` of the one to be shown",
                monitor.of
            );
            findings.error(&judged.part("monitor.of"), message);
            continue;
        };
        let (own, its) = (&judged.plugin.config, &shown.plugin.config);
        if own.node.get("vm_config") != its.node.get("vm_config") {
            let message = format!(
                "differs from that of the filter of {}:{}, so that the page finds no deliveries; \
                 write the same",
                its.file, its.line
            );
            findings.error(&own.at("vm_config"), message);
        }
    }
}
