//! Warnings about what is allowed and does something else than was probably meant.

use std::net::{Ipv4Addr, Ipv6Addr};

use freshpaint_core::config::{Guarantee, Retry, Webhook};
use freshpaint_core::event::Kind;
use freshpaint_core::routing::Rules;

use super::quote::shown;
use super::read::{Field, Object, Reader};
use super::tree::Node;
use url::Host;

/// The cluster of webhooks when the configuration names none.
pub(super) const DEFAULT_CLUSTER: &str = "webhooks_egress";

/// How the warning about a private address begins.
pub const PRIVATE_ADDRESS: &str = "has a private address";

/// Warns of a webhook at `path` that the address filter of the shipped egress never calls.
pub(super) fn of_address(path: &str, cluster: &str, reader: &mut Reader<'_>) {
    if cluster == DEFAULT_CLUSTER {
        reader.warning(
            path,
            format!(
                "{PRIVATE_ADDRESS}, which the address filter of the cluster webhooks_egress \
                 refuses; write the name of a cluster of its own under cluster, \
                 or for trials delete resolved_address_filter in envoy.yaml"
            ),
        );
    }
}

/// Whether a host is an address, or `localhost`, that the shipped egress refuses.
pub(super) fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => is_private_v4(*address),
        Host::Ipv6(address) => is_private_v6(*address),
    }
}

/// The ranges of the filter in `envoy/envoy.yaml`.
fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    matches!(
        (a, b),
        (0 | 10 | 127, _) | (100, 64..=127) | (169, 254) | (172, 16..=31)
    ) || matches!((a, b, c), (192, 0, 0) | (192, 168, _) | (198, 18..=19, _))
        || a >= 224
}

/// Everything but 2000::/3, and in it Teredo and 6to4, which hold IPv4 addresses.
fn is_private_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    first >> 13 != 1 || (first, second) == (0x2001, 0) || first == 0x2002
}

/// Warns of identify events that `object` asks for and the options of `webhooks`, all of those that
/// it is about, keep back.
pub(super) fn of_types(object: &Object<'_>, webhooks: &[Webhook], reader: &mut Reader<'_>) {
    let types = object
        .get("events")
        .and_then(|events| events.member("types"));
    let Some(field) = types else {
        return;
    };
    let identify = Node::String(Kind::Identify.as_str().to_owned());
    let is_off = |webhook: &Webhook| !webhook.options.enable_identify_events;
    if field.items().any(|item| *item.node == identify) && webhooks.iter().all(is_off) {
        reader.warning(
            &field.path,
            "has \"identify\", and options.enable_identify_events is off; \
             write options: {enable_identify_events: true} too",
        );
    }
}

/// Warns of types and sources that the rules for all webhooks do not have. The rules of a webhook
/// narrow what those let through, and do not take their place.
pub(super) fn of_narrowing(object: &Object<'_>, rules: &Rules, reader: &mut Reader<'_>) {
    let events = object.get("events");
    let types = events.and_then(|events| events.member("types"));
    let mut warn = |field: Option<Field<'_>>| {
        let path = field.map(|field| field.path).unwrap_or_default();
        let message = "has nothing of the same list for all webhooks, so that no event goes; \
                       write it there too";
        reader.warning(&path, message);
    };
    if is_disjoint(&rules.types) {
        warn(types);
    }
    if is_disjoint(&rules.sources) {
        warn(object.get("sources"));
    }
}

/// Whether no entry is in all of several lists.
fn is_disjoint<T: PartialEq>(lists: &[Vec<T>]) -> bool {
    lists.split_first().is_some_and(|(first, others)| {
        let is_in_all = |entry| others.iter().all(|list| list.contains(entry));
        !first.iter().any(is_in_all)
    })
}

/// Warns of two webhooks without rules under the same url, as after a copy whose url was not
/// changed.
pub(super) fn of_same_url(webhooks: &[Webhook], reader: &mut Reader<'_>) {
    for (index, webhook) in webhooks.iter().enumerate() {
        let is_same = |other: &Webhook| {
            other.authority == webhook.authority
                && other.path == webhook.path
                && other.cluster == webhook.cluster
                && other.options == webhook.options
                && other.rules.is_none()
                && webhook.rules.is_none()
        };
        if webhooks.iter().take(index).any(is_same) {
            let message = "is that of an earlier webhook too; if both are one receiver, it gets \
                           each event twice: write another url";
            reader.warning(&format!("webhooks[{index}].url"), message);
        }
    }
}

/// Warns of retries that may not be, because `retry.window` ends before the first one, which comes
/// up to a fifth later than `retry.initial_backoff` says. With `0s` that is meant, unless a webhook
/// is promised each event.
pub(super) fn of_window(webhooks: &[Webhook], retry: &Retry, reader: &mut Reader<'_>) {
    let each = |webhook: &Webhook| webhook.guarantee == Guarantee::Each;
    let is_brief = if retry.window.is_zero() {
        webhooks.iter().any(each)
    } else {
        retry.window <= retry.initial_backoff * 6 / 5
    };
    if is_brief {
        let message = "may end before the first retry, so that events are given up; write more \
                       than 1.2 times retry.initial_backoff";
        reader.warning("retry.window", message);
    }
}

/// Warns of entries of `allow` that `deny` takes back.
pub(super) fn of_allow_and_deny(object: &Field<'_>, reader: &mut Reader<'_>) {
    let (Some(allow), Some(deny)) = (object.member("allow"), object.member("deny")) else {
        return;
    };
    for item in allow.items() {
        if let (Node::String(text), true) =
            (item.node, deny.items().any(|one| one.node == item.node))
        {
            reader.warning(
                &item.path,
                format!(
                    "is {}, which deny has too, so that nothing of it goes; write it once",
                    shown(text)
                ),
            );
        }
    }
}

/// Warns of a path that names nothing that is sent, and of one that writes an item of a list as
/// other languages do.
pub(super) fn of_path(path: &str, text: &str, reader: &mut Reader<'_>) {
    let below = text.strip_prefix("context.");
    let key = below.and_then(|below| below.split('.').next());
    if key.is_some_and(|key| key != "*" && !freshpaint_core::payload::CONTEXT_KEYS.contains(&key)) {
        let message = "names no part of a payload; write traits.* for context.traits.*";
        reader.warning(path, message);
    }
    let index = text.split('.').find(|part| {
        let inner = part.strip_suffix(']').and_then(|part| part.split_once('['));
        inner.is_some_and(|(key, at)| {
            !key.is_empty() && at.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*')
        })
    });
    if let Some((key, _)) = index.and_then(|part| part.split_once('[')) {
        reader.warning(
            path,
            format!(
                "is {}, and names one key with brackets in it; write {key}.* for the items of \
                     the list",
                shown(text)
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    fn is_private(authority: &str) -> bool {
        let url = Url::parse(&format!("http://{authority}/")).unwrap();
        super::is_private(&url.host().unwrap())
    }

    #[test]
    fn private_is_what_the_shipped_egress_refuses() {
        for private in [
            "127.0.0.1:9000",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1:80",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.19.0.1",
            "192.0.0.1",
            "localhost",
            "localhost:8080",
            "app.localhost",
            "localhost.",
            "[::1]:8080",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:a00:1]",
            "[2002:a00:1::]",
            "[2001::1]",
        ] {
            assert!(is_private(private), "{private}");
        }
        for public in [
            "example.com",
            "example.com:8443",
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.2.1",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700::1111]:443",
            "localhost.example.com",
        ] {
            assert!(!is_private(public), "{public}");
        }
    }
}
