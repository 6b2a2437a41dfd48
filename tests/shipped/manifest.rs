//! The manifests for control planes: what they have patched in, put into `envoy.yaml`.

use freshpaint_harness::shipped::{manifests, Shipped};
use serde_json::{json, Value};
use std::path::Path;

pub(crate) const MANIFESTS: [&str; 2] = ["istio.yaml", "gateway.yaml"];

/// The name of the cluster that each manifest adds.
pub(crate) const CLUSTER: &str = "freshpaint_crm";

/// The shipped Envoy with a manifest's filter in the place of ours and its cluster beside ours, trusting `authorities`.
pub(crate) fn grafted(manifest: &str, authorities: &Path) -> Shipped {
    let [filter, mut cluster] = patches(manifest);
    let config = &filter["typed_config"]["config"];
    assert_eq!(
        config["vm_config"]["code"]["local"]["filename"],
        "/var/lib/freshpaint/freshpaint_webhooks.wasm"
    );
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

/// The filter and the cluster of a manifest, which has nothing else to patch in.
fn patches(manifest: &str) -> [Value; 2] {
    let policy = manifests(manifest).unwrap().pop().unwrap();
    let (list, kind, value, kinds) = match manifest {
        "istio.yaml" => (
            "configPatches",
            "/applyTo",
            "/patch/value",
            ["HTTP_FILTER", "CLUSTER"],
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
    assert_eq!(patches.len(), 2);
    kinds.map(|wanted| {
        let mut patches = patches.iter();
        let patch = patches.find(|patch| patch.pointer(kind) == Some(&json!(wanted)));
        patch.unwrap().pointer(value).unwrap().clone()
    })
}
