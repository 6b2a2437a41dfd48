//! Which version of an SDK is pinned.

use crate::sdk::Sdk;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The name of an SDK's row: package, version, and what of it runs.
pub fn name(sdk: &Sdk, folder: &Path) -> String {
    let (package, _) = sdk.package.rsplit_once('#').unwrap_or((sdk.package, ""));
    let version = if sdk.program.ends_with(".py") {
        python(package, folder)
    } else {
        node(sdk.package, folder)
    };
    [package, &version.unwrap_or_default(), sdk.variant]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// From requirements.txt: `package==version`.
fn python(package: &str, folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("requirements.txt")).ok()?;
    let mut pins = text.lines().filter_map(|line| line.split_once("=="));
    pins.find(|(name, _)| *name == package)
        .map(|(_, version)| version.to_owned())
}

/// From package.json: `"package": "version"` or, under another name, `"npm:package@version"`.
fn node(package: &str, folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("package.json")).ok()?;
    let file: Value = serde_json::from_str(&text).ok()?;
    let pin = file["dependencies"][package].as_str()?;
    Some(pin.rsplit('@').next().unwrap_or(pin).to_owned())
}
