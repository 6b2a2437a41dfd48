//! How Envoy is told to run the module.

use std::fs::File;
use std::io::Read;

use super::{Context, Findings};
use crate::files::Kind;
use crate::model::{Part, Plugin};
use crate::node::Node;
use crate::surroundings::Version;

/// The first Envoy with `allow_on_headers_stop_iteration`.
const OLDEST: Version = Version(1, 35, 0);
const STOP_ITERATION: &str = "allow_on_headers_stop_iteration";

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for part in &context.model.misplaced {
        findings.error(
            part,
            "loads the module as something else than an HTTP filter, where it does nothing; write \
             it as \
             envoy.filters.http.wasm, before the router",
        );
    }
    for plugin in &context.model.plugins {
        let config = &plugin.config;
        misplaced(config, findings);
        stop_iteration(plugin, findings);
        failures(config, findings);
        runtime(config, findings);
        restrictions(config, findings);
        code(context, plugin, findings);
        if let Some(version) = context.surroundings.envoy.filter(|known| *known < OLDEST) {
            let message = format!(
                "needs Envoy {OLDEST} or newer, and this one is {version}; take a newer Envoy"
            );
            findings.error(&config.at("allow_on_headers_stop_iteration"), message);
        }
    }
}

/// Fields that stand one level too high or too low, which Envoy reports without their line.
fn misplaced(config: &Part<'_>, findings: &mut Findings) {
    for field in ["vm_id", "runtime", "code", "environment_variables"] {
        if config.node.get(field).is_some() {
            let message = "stands beside vm_config, where Envoy does not know it; write it below \
                           vm_config";
            findings.error(&config.at(field), message);
        }
    }
    for field in [
        "name",
        "root_id",
        "failure_policy",
        "fail_open",
        STOP_ITERATION,
    ] {
        if config
            .node
            .get("vm_config")
            .is_some_and(|vm| vm.get(field).is_some())
        {
            let message = "stands below vm_config, where Envoy does not know it; write it beside \
                           vm_config";
            findings.error(&config.at(&format!("vm_config.{field}")), message);
        }
    }
}

fn stop_iteration(plugin: &Plugin<'_>, findings: &mut Findings) {
    let config = &plugin.config;
    let is_below = |vm: &Node| vm.get(STOP_ITERATION).is_some();
    if !config.node.is_set(STOP_ITERATION) && !config.node.get("vm_config").is_some_and(is_below) {
        let consequence = if plugin.is_front() {
            "goes by its client's address"
        } else {
            "gets 503"
        };
        let message = format!(
            "is not set, so that every collection request {consequence}; write \
             allow_on_headers_stop_iteration: true"
        );
        findings.error(&config.at(STOP_ITERATION), message);
    }
}

fn failures(config: &Part<'_>, findings: &mut Findings) {
    let opened = config.node.is_set("fail_open");
    let policy = config.node.text_at("failure_policy");
    match policy {
        Some("FAIL_RELOAD") => {}
        Some("FAIL_OPEN") => findings.error(
            &config.at("failure_policy"),
            "passes events on to the route when a VM fails, which loses them; write \
             failure_policy: FAIL_RELOAD",
        ),
        _ if opened => findings.error(
            &config.at("fail_open"),
            "passes events on to the route when a VM fails, which loses them; write \
             failure_policy: \
             FAIL_RELOAD in its place",
        ),
        _ => findings.warning(
            &config.at("failure_policy"),
            "is not FAIL_RELOAD, so that a worker whose VM fails answers 503 until Envoy is \
             restarted; write \
             failure_policy: FAIL_RELOAD",
        ),
    }
}

fn runtime(config: &Part<'_>, findings: &mut Findings) {
    const KNOWN: &str = "envoy.wasm.runtime.v8";
    let part = config.at("vm_config.runtime");
    match config.node.text_at("vm_config.runtime") {
        // Envoy takes V8 where nothing is written.
        None | Some("" | KNOWN) => {}
        Some("envoy.wasm.runtime.wasmtime" | "envoy.wasm.runtime.wamr") => findings.warning(
            &part,
            format!("is a runtime that the module is not tested with; write {KNOWN}"),
        ),
        _ => findings.error(
            &part,
            format!("names no runtime that runs the module; write {KNOWN}"),
        ),
    }
}

fn restrictions(config: &Part<'_>, findings: &mut Findings) {
    let allowed = config
        .node
        .get("capability_restriction_config.allowed_capabilities");
    if allowed.is_some_and(|allowed| !allowed.members().is_empty()) {
        findings.warning(
            &config.at("capability_restriction_config"),
            "takes calls of the host from the module, which fails without them; leave it out",
        );
    }
}

fn code(context: &Context<'_>, plugin: &Plugin<'_>, findings: &mut Findings) {
    let config = &plugin.config;
    let Some(code) = config.node.get("vm_config.code") else {
        findings.error(
            &config.at("vm_config.code"),
            "is missing; write code: {local: {filename: target/freshpaint_webhooks.wasm}}",
        );
        return;
    };
    if code.get("remote").is_some() {
        // A control plane such as Istio fetches the module itself.
        let is_envoys = plugin.kind != Kind::Manifest;
        if is_envoys && code.text_at("remote.sha256").is_none_or(str::is_empty) {
            findings.error(
                &config.at("vm_config.code.remote"),
                "has no sha256, without which Envoy refuses it; write what `sha256sum` prints for \
                 the module",
            );
        }
        return;
    }
    let part = config.at("vm_config.code.local.filename");
    let Some(filename) = part
        .node
        .text()
        .filter(|_| code.get("local.filename").is_some())
    else {
        let inline = ["local.inline_bytes", "local.inline_string"];
        let variable = code.text_at("local.environment_variable");
        if variable.is_none() && !inline.iter().any(|field| code.get(field).is_some()) {
            let message = "names no file; write local: {filename: target/freshpaint_webhooks.wasm}";
            findings.error(&config.at("vm_config.code"), message);
        }
        return;
    };
    if context.surroundings.is_elsewhere(plugin.kind) {
        return;
    }
    if filename.contains("://") {
        let message = "is a url, and Envoy takes the path of a file; write where the module is on \
                       this machine, or use `remote`";
        return findings.error(&part, message);
    }
    if let Err(message) = read_module(&context.surroundings.folder.join(filename)) {
        findings.error(&part, message);
    }
}

fn read_module(file: &std::path::Path) -> Result<(), String> {
    let mut start = [0; 4];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut start));
    match read {
        Ok(()) if start == *b"\0asm" => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {
            Err("is a folder; write the path of freshpaint_webhooks.wasm".into())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(
            "is not there; run `make build`, or write the path from the folder in which Envoy \
             starts"
                .into(),
        ),
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(format!(
            "cannot be read ({error}); give Envoy's user the right to"
        )),
        _ => Err("is no WebAssembly module; write the path of what `make build` leaves".into()),
    }
}
