//! The module with a fault that a request can set off.

use crate::shipped::repository;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The header that only that build looks at: `stream` or `root` is what panics.
pub const FAULT_HEADER: &str = "x-fault-injection";

/// Builds the module with the feature `fault-injection`, beside the one that is shipped.
///
/// # Panics
///
/// When it does not build.
pub fn faulty_module() -> &'static Path {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    MODULE.get_or_init(build)
}

#[allow(clippy::expect_used)]
fn build() -> PathBuf {
    let root = repository();
    let target = root.join("target/fault-injection");
    let status = Command::new(root.join("scripts/wasm-cargo"))
        .args(["build", "--release", "--features", "fault-injection"])
        .args(["--package", "freshpaint-webhooks", "--lib", "--quiet"])
        .env("CARGO_TARGET_DIR", &target)
        // It is built for tests alone: the time to build it counts for more than its size and
        // speed.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .status()
        .expect("scripts/wasm-cargo runs");
    assert!(status.success(), "scripts/wasm-cargo: {status}");
    target.join("wasm/wasm32-unknown-unknown/release/freshpaint_webhooks.wasm")
}
