//! `envoy/envoy.yaml` for one run.

use crate::settings::Settings;
use anyhow::Result;
use freshpaint_harness::shipped::{trust_store, Shipped};
use serde_json::{json, Value};
use std::net::SocketAddr;
use std::path::Path;

/// Where the copy of each request to the user's own webhook goes, so that it can be shown.
const SHOWN: &str = "shown";

/// The whole configuration of Envoy. `receivers` are the two local ones, or the one that shows
/// copies.
pub(crate) fn render(
    settings: &Settings,
    module: &Path,
    receivers: &[SocketAddr],
) -> Result<Value> {
    let mut shipped = Shipped::load()?;
    shipped.listen_on(settings.envoy)?;
    shipped.admin_on(settings.admin);
    shipped.load_module(module)?;
    shipped.add_monitor(settings.monitor)?;
    // The page finds what was delivered before it is opened.
    shipped.configuration()?["observe"] = json!({"recent": 1_000});
    shipped.trust(&trust_store()?)?;
    for &(cluster, receiver) in &settings.receivers {
        shipped.lead(cluster, receiver)?;
    }
    if let (Some(url), [shown, ..]) = (&settings.webhook_url, receivers) {
        deliver_to(&mut shipped, url, *shown)?;
    }
    if settings.allow_private {
        shipped.allow_private()?;
    }
    Ok(shipped.bootstrap().clone())
}

/// One webhook, through the egress; its outcomes are logged, and what it is sent is copied.
fn deliver_to(shipped: &mut Shipped, url: &str, shown: SocketAddr) -> Result<()> {
    shipped.configuration()?["webhooks"] = json!([{"name": "webhook", "url": url}]);
    shipped.add_cluster(SHOWN, shown)?;
    shipped.manager("egress")?["access_log"] = json!([{
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"json_format": {
                "status": "%RESPONSE_CODE%",
                "flags": "%RESPONSE_FLAGS%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "milliseconds": "%DURATION%",
            }},
        },
    }]);
    for route in shipped.routes("egress")? {
        route["route"]["request_mirror_policies"] = json!([{"cluster": SHOWN}]);
    }
    Ok(())
}
