//! Addresses and ports of clusters and listeners, of which Envoy itself says too much to be read.

use std::net::IpAddr;

use super::cluster::destinations;
use super::{Context, Findings};
use crate::model::Part;
use crate::node::Node;
use crate::place::shown;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for listener in &context.model.listeners {
        let Some(socket) = socket(listener.node.get("address")) else {
            continue;
        };
        let place = listener.at("address.socket_address");
        port(&place, socket, "10000", findings);
        let address = socket.text_at("address").unwrap_or_default();
        if address.parse::<IpAddr>().is_err() {
            let message = format!(
                "is {}, and a listener takes an IP address alone; write 0.0.0.0 to be reached \
                 from every network, or 127.0.0.1 from this machine",
                shown(address)
            );
            findings.error(&place.at("address"), message);
        }
    }
    for cluster in &context.model.clusters {
        for (place, socket) in endpoints(cluster) {
            endpoint(cluster, &place, socket, findings);
        }
    }
    other_ports(context, findings);
}

fn socket(address: Option<&Node>) -> Option<&Node> {
    address?.get("socket_address")
}

/// The addresses of a cluster, each with its place.
fn endpoints<'a>(cluster: &Part<'a>) -> Vec<(Part<'a>, &'a Node)> {
    let items = |node: Option<&'a Node>| node.map(Node::items).unwrap_or_default().iter();
    let groups = items(cluster.node.get("load_assignment.endpoints"));
    let endpoints = groups.flat_map(|group| items(group.get("lb_endpoints")));
    let found = endpoints.filter_map(|found| {
        let member = found.get("endpoint.address")?.member("socket_address")?;
        let place = Part {
            file: cluster.file,
            path: format!("{}.socket_address", cluster.path),
            line: member.line,
            node: &member.node,
        };
        Some((place, &*member.node))
    });
    found.collect()
}

fn endpoint(cluster: &Part<'_>, place: &Part<'_>, socket: &Node, findings: &mut Findings) {
    let written = socket.text_at("address").unwrap_or_default();
    let is_number = written.parse::<IpAddr>().is_ok();
    let (_, bare) = written.split_once("://").unwrap_or(("", written));
    let bare = bare.split('/').next().unwrap_or_default();
    let (_, bare) = bare.rsplit_once('@').unwrap_or(("", bare));
    let (host, own) = bare.rsplit_once(':').unwrap_or((bare, ""));
    if !is_number && host != written {
        let wanted = if own.parse::<u16>().is_ok() {
            own
        } else {
            "443"
        };
        let message = format!(
            "is more than a host; write address: {}, port_value: {wanted}",
            shown(host)
        );
        return findings.error(&place.at("address"), message);
    }
    port(place, socket, "443", findings);
    let kind = cluster.node.text_at("type").unwrap_or("STATIC");
    if kind == "STATIC" && !is_number && cluster.node.get("cluster_type").is_none() {
        let message = format!(
            "is {}, and a cluster of the type STATIC takes IP addresses alone; write type: \
             STRICT_DNS",
            shown(written)
        );
        findings.error(&place.at("address"), message);
    }
}

fn port(place: &Part<'_>, socket: &Node, example: &str, findings: &mut Findings) {
    if socket.get("port_value").is_some() || socket.get("named_port").is_some() {
        return;
    }
    let message = match socket.get("port") {
        Some(_) => "has `port`, which Envoy does not know; write port_value".to_owned(),
        None => format!("has no port; write port_value: {example}"),
    };
    findings.error(place, message);
}

/// A url and its cluster that name the same host with different ports: the cluster's is taken.
fn other_ports(context: &Context<'_>, findings: &mut Findings) {
    for destination in destinations(context) {
        let config = destination.judged.config.as_ref();
        let webhook = config.and_then(|config| config.webhooks.get(destination.index));
        let Some((webhook, cluster)) = webhook.zip(context.model.cluster(destination.name)) else {
            continue;
        };
        let (host, port) = host_and_port(&webhook.authority, webhook.scheme);
        let calls = endpoints(cluster);
        let called = calls.iter().find_map(|(_, socket)| {
            let same = socket.text_at("address") == Some(host);
            socket.number_at("port_value").filter(|_| same)
        });
        let url = destination
            .judged
            .part(&format!("webhooks[{}].url", destination.index));
        if let Some(called) = called.filter(|called| *called != f64::from(port)) {
            let message = format!(
                "means port {port}, but calls go to port {called} of the cluster {}; write the \
                 same in both",
                shown(destination.name)
            );
            findings.warning(&url, message);
        } else if let ("http", 443) | ("https", 80) = (webhook.scheme, port) {
            let (scheme, other) = match webhook.scheme {
                "http" => ("http", "https"),
                _ => ("https", "http"),
            };
            let message = format!(
                "is {scheme} at port {port}, where servers speak {other}; write {other}://, or \
                 another port"
            );
            findings.warning(&url, message);
        }
    }
}

/// The host of an authority, and its port or that of the scheme.
pub(super) fn host_and_port<'a>(authority: &'a str, scheme: &str) -> (&'a str, u16) {
    let usual = if scheme == "https" { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(usual)),
        _ => (authority, usual),
    }
}
