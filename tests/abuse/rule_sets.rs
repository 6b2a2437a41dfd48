//! As many webhooks as there may be, each with rules that no other has.

use serde_json::{json, Value};

pub(crate) const WEBHOOKS: usize = 32;

/// Changes the plugin's configuration so that an event meets every kind of rule. The first webhook
/// gets every event as it is.
pub(crate) fn configure(plugin: &mut Value) {
    plugin["webhooks"] = (0..WEBHOOKS).map(webhook).collect();
    plugin["options"] = json!({"enable_identify_events": true, "enable_pageview_events": true});
    plugin["context"] = json!({"ip": true});
    plugin["timestamps"] = json!("milliseconds");
    plugin["observe"] = json!({"trace": true, "recent": 100});
    plugin["dead_letter"] = json!("w31");
}

fn webhook(n: usize) -> Value {
    let cluster = ["crm", "warehouse"][n % 2];
    let mut webhook = json!({
        "name": format!("w{n}"), "url": format!("http://{cluster}:8080/in"), "cluster": cluster,
    });
    if n == 0 {
        return webhook;
    }
    webhook["properties"] = properties(n);
    // Calls of one event are what costs most: few webhooks have them.
    if n % 4 != 0 && n != 31 {
        let format = ["json_array", "ndjson"][n / 4 % 2];
        let most = [7, 100, 1_000][n % 3];
        webhook["batch"] = json!({"format": format, "max_events": most});
    }
    if n % 3 == 0 {
        webhook["signing"] = signing(n);
    }
    match n % 8 {
        1 => webhook["events"] = json!({"deny": ["*a*b*", "Order *"]}),
        2 => webhook["events"] = json!({"types": ["track", "page"], "allow": ["*e*"]}),
        3 => webhook["honor"] = json!(["gpc", "dnt"]),
        4 => webhook["sample"] = json!(0.5),
        5 => webhook["sources"] = json!(["WRITE_KEY", "TOKEN"]),
        6 => webhook["requires_consent"] = json!(["Advertising"]),
        7 => webhook["guarantee"] = json!("each"),
        _ => {}
    }
    webhook
}

fn properties(n: usize) -> Value {
    match n % 6 {
        0 => json!({
            "hash": ["properties.*", "traits.*", "userId"], "hash_key": format!("{n:032}"),
        }),
        1 => json!({"mask": [format!("properties.*.*.n{n}"), "context.*"]}),
        2 => json!({"deny": [format!("properties.*.n{n}"), "traits.email", "context.page.url"]}),
        3 => json!({"allow": ["properties.*.*", "context.page.url", format!("traits.n{n}")]}),
        4 => json!({
            "deny": [format!("properties{}.n{n}", ".*".repeat(14))], "mask": ["context.ip"],
        }),
        _ => json!({
            "allow": ["properties.*", "traits.*", "anonymousId"], "mask": ["properties.plan"],
            "hash": ["anonymousId"], "hash_key": format!("{n:032}"),
        }),
    }
}

fn signing(n: usize) -> Value {
    use base64::Engine as _;
    if n % 2 == 0 {
        return json!({"scheme": "x_signature_sha1", "secrets": [format!("secret-{n}")]});
    }
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("{n:032}"));
    json!({"secrets": [format!("whsec_{secret}")]})
}
