//! Kustomize, as far as `deploy/` uses it: folders of resources, and JSON patches of them.

use freshpaint_harness::shipped::{documents, repository};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Every folder below `deploy/` that somebody is told to apply.
pub(crate) const FOLDERS: [&str; 7] = [
    "kubernetes/overlays/image",
    "kubernetes/overlays/configmap",
    "kubernetes/overlays/monitor",
    "istio/base",
    "istio/volume",
    "gateway/base",
    "gateway/names-v2",
];

/// A folder or file below `deploy/`.
pub(crate) fn path(name: &str) -> PathBuf {
    repository().join("deploy").join(name)
}

/// The resources of a folder, patched; without generated ones.
pub(crate) fn resources(folder: &Path) -> Vec<Value> {
    let kustomization = documents(&folder.join("kustomization.yaml")).unwrap();
    let listed = |name: &str| {
        kustomization[0][name]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    let mut found: Vec<Value> = listed("resources")
        .iter()
        .flat_map(|name| {
            let path = folder.join(name.as_str().unwrap());
            if path.is_dir() {
                resources(&path)
            } else {
                documents(&path).unwrap()
            }
        })
        .collect();
    for patch in listed("patches") {
        let target = &patch["target"];
        let resource = found
            .iter_mut()
            .find(|it| it["kind"] == target["kind"] && it["metadata"]["name"] == target["name"])
            .unwrap_or_else(|| panic!("{}: nothing is {target}", folder.display()));
        let file = folder.join(patch["path"].as_str().unwrap());
        for operation in documents(&file).unwrap()[0].as_array().unwrap() {
            apply(resource, operation);
        }
    }
    found
}

/// The one resource of a kind and name.
pub(crate) fn resource(folder: &str, kind: &str, name: &str) -> Value {
    let mut found = resources(&path(folder));
    found.retain(|it| it["kind"] == kind && it["metadata"]["name"] == name);
    assert_eq!(found.len(), 1, "{folder}: {kind} {name}");
    found.remove(0)
}

/// One operation of RFC 6902: `add` or `replace`.
pub(crate) fn apply(document: &mut Value, operation: &Value) {
    let at = operation["path"].as_str().unwrap();
    let value = operation["value"].clone();
    let (parent, last) = at.rsplit_once('/').unwrap();
    let parent = document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("there is no {at}"));
    match (operation["op"].as_str().unwrap(), parent) {
        ("add", Value::Array(items)) if last == "-" => items.push(value),
        ("add", Value::Array(items)) => items.insert(last.parse().unwrap(), value),
        ("add", Value::Object(members)) => {
            members.insert(last.to_owned(), value);
        }
        ("replace", Value::Array(items)) => items[last.parse::<usize>().unwrap()] = value,
        ("replace", Value::Object(members)) => {
            let old = members.insert(last.to_owned(), value);
            assert!(old.is_some(), "there is no {at} to replace");
        }
        (op, _) => panic!("{op} {at}"),
    }
}
