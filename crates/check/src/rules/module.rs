//! The module's own configuration: what its parser says, and the variables that it takes.

use super::{Context, Findings};
use crate::judge::Judged;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for judged in context.judged {
        let said = |path: &str| {
            let mut part = judged.part(path);
            if path.is_empty() {
                part.path = "configuration".into();
            }
            part
        };
        for problem in &judged.problems {
            findings.error(&said(&problem.path), problem.message.clone());
        }
        for warning in judged.config.iter().flat_map(|config| &config.warnings) {
            // The whole file shows the filter itself, which `egress` holds the address against.
            if warning
                .message
                .starts_with(freshpaint_config::PRIVATE_ADDRESS)
            {
                continue;
            }
            findings.warning(&said(&warning.path), warning.message.clone());
        }
        if !context.surroundings.is_elsewhere(judged.plugin.kind) {
            exports(judged, findings);
        }
        listed(judged, findings);
    }
}

fn exports(judged: &Judged<'_>, findings: &mut Findings) {
    for (name, line) in judged.variables.not_exported() {
        let mut part = judged
            .plugin
            .config
            .at("vm_config.environment_variables.host_env_keys");
        part.line = line;
        let message = format!(
            "lists {name}, which this shell does not export; write `export {name}=...` before \
             Envoy starts"
        );
        findings.warning(&part, message);
    }
}

fn listed(judged: &Judged<'_>, findings: &mut Findings) {
    let config = &judged.plugin.config;
    for (name, line) in judged.variables.no_names() {
        let mut part = config.at("vm_config.environment_variables.host_env_keys");
        part.line = line;
        let name = name.unwrap_or("a name of letters, digits and _, such as CRM_KEY");
        let message = format!("lists what is no name of a variable; write {name}");
        findings.error(&part, message);
    }
    for (name, line) in judged.variables.repeated() {
        let mut part = config.at("vm_config.environment_variables.host_env_keys");
        part.line = line;
        let message = format!("lists {name} twice, which Envoy refuses; write it once");
        findings.error(&part, message);
    }
    for name in judged.variables.shown_by_envoy() {
        if is_secret(name) {
            let part = config.at("vm_config.environment_variables.key_values");
            let message = format!(
                "sets {name}, whose value Envoy shows in /config_dump; write the name under \
                 host_env_keys, and export it where Envoy starts"
            );
            findings.warning(&part, message);
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["KEY", "TOKEN", "SECRET", "PASSWORD"]
        .iter()
        .any(|word| name.ends_with(word))
}
