//! The manifests for control planes: what they have patched in, put into `envoy.yaml`.

use freshpaint_harness::shipped::{documents, repository, Shipped};
use serde_json::{json, Value};
use std::path::Path;

/// Below `deploy/`.
pub(crate) const MANIFESTS: [&str; 2] = ["istio/base/envoyfilter.yaml", "gateway/base/filter.yaml"];

/// The name of the cluster that each manifest adds.
pub(crate) const CLUSTER: &str = "freshpaint_crm";

/// The shipped Envoy with a manifest's filter in the place of ours and its cluster beside ours,
/// trusting `authorities`.
pub(crate) fn grafted(manifest: &str, authorities: &Path) -> Shipped {
    let [mut filter, mut cluster] = patches(manifest);
    let config = &mut filter["typed_config"]["config"];
    // An image or a volume; the harness puts the module in.
    config["vm_config"]["code"] = json!({"local": {"filename": "/"}});
    let webhook = &config["configuration"]["value"]["webhooks"][0];
    assert_eq!([&webhook["cluster"], &cluster["name"]], [CLUSTER; 2]);
    let context = "/transport_socket/typed_config/common_tls_context/validation_context";
    cluster.pointer_mut(context).unwrap()["trusted_ca"]["filename"] = json!(authorities);

    let mut shipped = Shipped::load().unwrap();
    shipped.trust(authorities).unwrap();
    let own = &mut shipped.filters("collect").unwrap()[0];
    let name = own["name"].take();
    *own = filter;
    // The harness finds the filter by it.
    own["name"] = name;
    shipped.clusters().unwrap().push(cluster);
    shipped
}

/// The filter and the cluster of a manifest.
fn patches(manifest: &str) -> [Value; 2] {
    let file = repository().join("deploy").join(manifest);
    let policy = documents(&file).unwrap().pop().unwrap();
    let (list, kind, value, kinds) = match policy["kind"].as_str() {
        Some("EnvoyFilter") => (
            "configPatches",
            "/applyTo",
            "/patch/value",
            ["EXTENSION_CONFIG", "CLUSTER"],
        ),
        _ => (
            "jsonPatches",
            "/type",
            "/operation/value",
            [
                "type.googleapis.com/envoy.config.listener.v3.Listener",
                "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            ],
        ),
    };
    let patches = policy["spec"][list].as_array().unwrap();
    kinds.map(|wanted| {
        let mut patches = patches.iter();
        let patch = patches.find(|patch| patch.pointer(kind) == Some(&json!(wanted)));
        patch.unwrap().pointer(value).unwrap().clone()
    })
}
