//! Every resource against its platform's own schema, in two ways: the types, which know every
//! field, and the validators, which know what a type cannot say. Both are made of the platforms'
//! definitions.

use crate::render::{path, resources, FOLDERS};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where the types of an API version are. A version that is not here is no version of ours.
const PACKAGES: [(&str, &str); 7] = [
    ("v1", "kubernetes-models/v1"),
    ("apps/v1", "kubernetes-models/apps/v1"),
    ("policy/v1", "kubernetes-models/policy/v1"),
    ("autoscaling/v2", "kubernetes-models/autoscaling/v2"),
    (
        "gateway.networking.k8s.io/v1",
        "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1",
    ),
    (
        "networking.istio.io/v1alpha3",
        "@kubernetes-models/istio/networking.istio.io/v1alpha3",
    ),
    // In this folder, as types alone.
    ("gateway.envoyproxy.io/v1alpha1", ""),
];

/// The packages at their pinned versions, below `target`; `None`, with a word why, on a machine
/// without npm or the way to a registry. In continuous integration that is a failure.
pub(crate) fn installed() -> Option<&'static PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER
        .get_or_init(|| match install() {
            Ok(folder) => Some(folder),
            Err(why) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => panic!("{why}"),
            Err(why) => {
                println!("NOT HELD against the platforms' schemas: {why}");
                None
            }
        })
        .as_ref()
}

fn install() -> Result<PathBuf, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deploy");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let lock = fs::read(here.join("package-lock.json")).map_err(|error| error.to_string())?;
    let pinned = folder.join("node_modules/.pinned");
    for file in [
        "package.json",
        "package-lock.json",
        "tsconfig.json",
        "envoy-gateway.d.ts",
    ] {
        fs::copy(here.join(file), folder.join(file)).map_err(|error| error.to_string())?;
    }
    if fs::read(&pinned).ok().as_ref() != Some(&lock) {
        run(Command::new("npm")
            .args([
                "ci",
                "--silent",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
            ])
            .current_dir(&folder))?;
        fs::write(&pinned, lock).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let what = format!("{:?}", command.get_program());
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{what} does not run: {error}"))?;
    let written = [output.stdout, output.stderr].concat();
    let written = String::from_utf8_lossy(&written).into_owned();
    if output.status.success() {
        Ok(written)
    } else {
        Err(format!("{what} failed: {written}"))
    }
}

/// The resources of every folder, as `kubectl` renders them where there is one that can, else as we
/// do.
fn everything() -> Vec<Value> {
    let kubectl = rendered(&path("istio/base")).is_some();
    if !kubectl {
        println!("NOT RENDERED by kubectl, which is not here or older than 1.21");
    }
    FOLDERS
        .iter()
        .flat_map(|folder| {
            let ours = resources(&path(folder));
            if !kubectl {
                return ours;
            }
            let theirs = rendered(&path(folder)).unwrap_or_else(|| panic!("{folder}"));
            let names = |all: &[Value]| -> Vec<String> {
                let mut names: Vec<_> = all.iter().map(name).collect();
                names.sort();
                names
            };
            // The generated ConfigMap is theirs alone.
            let made: Vec<_> = theirs
                .iter()
                .filter(|it| !name(it).starts_with("v1 ConfigMap freshpaint-envoy-"))
                .cloned()
                .collect();
            assert_eq!(names(&made), names(&ours), "{folder}");
            theirs
        })
        .collect()
}

fn name(resource: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{} {} {}",
        text(&resource["apiVersion"]),
        text(&resource["kind"]),
        text(&resource["metadata"]["name"])
    )
}

fn rendered(folder: &Path) -> Option<Vec<Value>> {
    let text = run(Command::new("kubectl").arg("kustomize").arg(folder)).ok()?;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rendered.yaml");
    fs::write(&file, text).ok()?;
    freshpaint_harness::shipped::documents(&file).ok()
}

/// A program whose types are wrong when a resource is, and that fails when a validator refuses one.
fn program(resources: &[Value]) -> String {
    let packages = BTreeMap::from(PACKAGES);
    let mut program = String::new();
    for (n, resource) in resources.iter().enumerate() {
        let kind = resource["kind"].as_str().unwrap();
        let package = packages[resource["apiVersion"].as_str().unwrap()];
        let (import, check) = if package.is_empty() {
            let import = format!("import type {{ {kind} as K{n} }} from \"./envoy-gateway.d.ts\";");
            (import, format!("({resource}) satisfies K{n};"))
        } else {
            let mut rest = resource.clone();
            // The class has these two by itself.
            rest.as_object_mut()
                .unwrap()
                .retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind"));
            let import = format!("import {{ {kind} as K{n} }} from \"{package}/{kind}\";");
            (import, format!("new K{n}({rest}).validate();"))
        };
        writeln!(program, "{import}\n{check}").unwrap();
    }
    program
}

/// The line of the program that is about a resource.
fn line(n: usize) -> usize {
    2 * n + 2
}

fn judge(folder: &Path, resources: &[Value]) -> Result<(), String> {
    fs::write(folder.join("resources.ts"), program(resources)).unwrap();
    run(Command::new("node_modules/.bin/tsc").current_dir(folder))?;
    run(Command::new("node")
        .arg("out/resources.js")
        .current_dir(folder))?;
    Ok(())
}

#[test]
fn every_resource_is_what_its_platform_expects_and_a_wrong_one_is_found_out() {
    let Some(folder) = installed() else { return };
    let resources = everything();
    judge(folder, &resources).unwrap_or_else(|error| panic!("{error}"));

    let mut wrong = resources.clone();
    for resource in &mut wrong {
        let inner = if resource["spec"].is_object() {
            "spec"
        } else {
            "metadata"
        };
        resource[inner]["specc"] = Value::Null;
    }
    let errors = judge(folder, &wrong).unwrap_err();
    for (n, resource) in wrong.iter().enumerate() {
        let at = format!("resources.ts({},", line(n));
        assert!(errors.contains(&at), "{}: {errors}", name(resource));
    }
    // Mistakes that no type shows: a quantity, a required field.
    let mut wrong = resources;
    wrong.retain(|it| it["kind"] == "Gateway");
    wrong[0]["spec"]["listeners"][0]["port"] = 70_000.into();
    assert!(judge(folder, &wrong).unwrap_err().contains("port"));
}
