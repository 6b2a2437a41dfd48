//! TLS of the clusters that webhooks are called through.

use super::cluster::destinations;
use super::endpoint::host_and_port;
use super::{Context, Findings};
use crate::model::{http_options, internal_listener, typed, Part};
use crate::node::Node;
use crate::place::shown;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for destination in destinations(context) {
        let Some(cluster) = context.model.cluster(destination.name) else {
            continue;
        };
        let ends = context.model.ends(cluster);
        let config = destination.judged.config.as_ref();
        let webhook = config.and_then(|config| config.webhooks.get(destination.index));
        let is_secured = ends
            .iter()
            .any(|end| end.node.get("transport_socket").is_some() || is_chosen(end.node));
        let url = format!("webhooks[{}].url", destination.index);
        let part = destination.judged.part(&url);
        match webhook.map(|webhook| webhook.scheme) {
            Some("https") if !ends.is_empty() && !is_secured => findings.error(
                &part,
                format!(
                    "is https, and the cluster {} calls without TLS; copy the transport_socket of \
                     `egress_tls` in \
                     envoy/envoy.yaml into it",
                    shown(destination.name)
                ),
            ),
            Some("http") if internal_listener(cluster.node).is_none() && is_secured => {
                findings.warning(
                    &part,
                    format!(
                        "is http, and the cluster {} calls with TLS; write https",
                        shown(destination.name)
                    ),
                );
            }
            _ => {}
        }
        if let Some(webhook) = webhook {
            let (host, _) = host_and_port(&webhook.authority, webhook.scheme);
            if ends
                .iter()
                .any(|end| server_name(end).is_some_and(|name| name != host))
            {
                let message = format!(
                    "has another host than the server name (sni) of the cluster {}; write the same \
                     in both, or auto_sni: true and auto_san_validation: true in place of sni",
                    shown(destination.name)
                );
                findings.warning(&part, message);
            }
        }
        for end in ends {
            socket(end, findings);
        }
    }
}

/// The name that a cluster sends to every webhook.
fn server_name<'a>(cluster: &Part<'a>) -> Option<&'a str> {
    let context = cluster.node.get("transport_socket.typed_config")?;
    let (_, tls) = typed(context)?;
    tls.text_at("sni").filter(|name| !name.is_empty())
}

/// Several transport sockets, of which each endpoint chooses one.
fn is_chosen(cluster: &Node) -> bool {
    cluster.get("transport_socket_matches").is_some()
}

fn socket(cluster: &Part<'_>, findings: &mut Findings) {
    let context = cluster
        .node
        .get("transport_socket.typed_config")
        .and_then(typed);
    let Some((_, tls)) = context.filter(|(name, _)| name.ends_with("UpstreamTlsContext")) else {
        return;
    };
    let part = cluster.at("transport_socket");
    let options =
        http_options(cluster.node).and_then(|found| found.get("upstream_http_protocol_options"));
    let options = options.or_else(|| cluster.node.get("upstream_http_protocol_options"));
    let is_set = |field| options.is_some_and(|options| options.is_set(field));
    if tls.text_at("sni").is_none_or(str::is_empty)
        && !is_set("auto_sni")
        && !tls.is_set("auto_host_sni")
    {
        findings.warning(
            &part,
            "sends no server name, by which most servers choose their certificate; write \
             upstream_http_protocol_options: {auto_sni: true, auto_san_validation: true}",
        );
    }
    validation(&part, tls, is_set("auto_san_validation"), findings);
}

fn validation(part: &Part<'_>, tls: &Node, by_authority: bool, findings: &mut Findings) {
    let common = |field: &str| tls.get(&format!("common_tls_context.{field}"));
    let by_secret = [
        "validation_context_sds_secret_config",
        "validation_context_certificate_provider",
        "validation_context_certificate_provider_instance",
    ];
    if by_secret.iter().any(|field| common(field).is_some()) {
        return;
    }
    let context = common("validation_context")
        .or_else(|| common("combined_validation_context.default_validation_context"));
    let is_combined = common("combined_validation_context").is_some();
    let has = |field| context.is_some_and(|context| context.get(field).is_some());
    let trusts = [
        "trusted_ca",
        "system_root_certs",
        "ca_certificate_provider_instance",
    ];
    if context.is_some_and(|context| {
        context.text_at("trust_chain_verification") == Some("ACCEPT_UNTRUSTED")
    }) {
        let message = "takes certificates that nobody has signed, so that anybody can be the \
         webhook; leave out \
             trust_chain_verification";
        findings.error(part, message);
    } else if !is_combined && !trusts.into_iter().any(has) {
        let message =
            "does not verify the webhook's certificate, so that anybody can be the webhook; write \
             validation_context: {trusted_ca: {filename: /etc/ssl/certs/ca-certificates.crt}}";
        findings.error(part, message);
    } else if !is_combined
        && !by_authority
        && !has("match_typed_subject_alt_names")
        && !has("verify_certificate_hash")
        && !has("verify_certificate_spki")
        && !tls.is_set("auto_sni_san_validation")
    {
        let message =
            "takes a certificate for any other host too; write upstream_http_protocol_options: \
             {auto_sni: true, auto_san_validation: true}";
        findings.error(part, message);
    }
}
