//! The pinned version of each SDK.

use crate::sdk::Sdk;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The name of an SDK's row: package, version, and what of it runs.
pub fn name(sdk: &Sdk, folder: &Path) -> String {
    let pinned = if sdk.program.ends_with(".py") {
        python(sdk.package, folder)
    } else {
        node(sdk.package, folder)
    };
    let name = pinned.unwrap_or_else(|| sdk.package.to_owned());
    format!("{name} {}", sdk.variant).trim_end().to_owned()
}

/// A version in requirements.txt: `package==version`.
fn python(package: &str, folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("requirements.txt")).ok()?;
    let mut pins = text.lines().filter_map(|line| line.split_once("=="));
    let (name, version) = pins.find(|(name, _)| *name == package)?;
    Some(format!("{name} {version}"))
}

/// A version in package.json: `"package": "version"` or, where two versions are wanted, `"another
/// name": "npm:package@version"`.
fn node(package: &str, folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("package.json")).ok()?;
    let file: Value = serde_json::from_str(&text).ok()?;
    let pin = file["dependencies"][package].as_str()?;
    let (name, version) = pin
        .strip_prefix("npm:")
        .and_then(|pin| pin.rsplit_once('@'))
        .unwrap_or((package, pin));
    Some(format!("{name} {version}"))
}
