//! Where the Envoy binary and the module are.

use anyhow::{bail, Result};
use std::env;
use std::path::{Path, PathBuf};

/// The version that the project is tested with.
pub const ENVOY_VERSION: &str = "1.40.0";

/// `ENVOY_BIN`, else the one that `scripts/envoy` puts under `.tools`, else `envoy` on the PATH.
pub fn binary() -> Result<PathBuf> {
    if let Some(named) = env::var_os("ENVOY_BIN").map(PathBuf::from) {
        if named.is_file() {
            return Ok(named);
        }
        bail!("ENVOY_BIN names {}, which is not a file", named.display());
    }
    let own = root().join(format!(".tools/envoy/{ENVOY_VERSION}/envoy"));
    let path = env::var_os("PATH").unwrap_or_default();
    let candidates = env::split_paths(&path).map(|folder| folder.join("envoy"));
    match std::iter::once(own)
        .chain(candidates)
        .find(|file| file.is_file())
    {
        Some(file) => Ok(file),
        None => bail!(
            "there is no Envoy: `make test` and `make run` get {ENVOY_VERSION}; or set ENVOY_BIN"
        ),
    }
}

/// `FRESHPAINT_WASM`, else what `make build` leaves.
pub fn module() -> Result<PathBuf> {
    let file = env::var_os("FRESHPAINT_WASM").map_or_else(
        || root().join("target/freshpaint_webhooks.wasm"),
        PathBuf::from,
    );
    if file.is_file() {
        return Ok(file);
    }
    bail!(
        "there is no module at {}: `make build` builds it, or set FRESHPAINT_WASM",
        file.display()
    )
}

/// The repository: the program is run from its tree.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}
