//! Mistakes as a platform engineer sees them: Envoy refuses the file, and one line of its log names
//! what is wrong. `docs/platforms.md` has these lines.

use crate::render::path;
use freshpaint_harness::envoy::module;
use freshpaint_harness::shipped::{repository, trust_store};
use freshpaint_harness::Envoy;
use std::collections::BTreeMap;
use std::fs;

const MANUAL: &str = include_str!("../../docs/platforms.md");

/// One mistake: an edit of the file, the secret, and what the log says.
struct Mistake {
    replace: &'static str,
    with: &'static str,
    secret: Option<&'static str>,
    /// As the manual has it; `...` stands for what differs.
    says: &'static str,
}

impl Mistake {
    const fn of_the_secret(secret: Option<&'static str>, says: &'static str) -> Self {
        Self {
            replace: "",
            with: "",
            secret,
            says,
        }
    }

    const fn of_the_file(replace: &'static str, with: &'static str, says: &'static str) -> Self {
        Self {
            replace,
            with,
            secret: Some("k3y"),
            says,
        }
    }
}

const MISTAKES: [Mistake; 11] = [
    Mistake::of_the_secret(
        None,
        "needs the environment variable CRM_KEY, which is not set",
    ),
    Mistake::of_the_secret(
        Some(""),
        "needs the environment variable CRM_KEY, which is empty",
    ),
    Mistake::of_the_secret(
        Some("k3y\n"),
        "holds the control byte 0x0a from an environment variable",
    ),
    Mistake::of_the_secret(
        Some("k3y\r"),
        "holds the control byte 0x0d from an environment variable",
    ),
    Mistake::of_the_file(
        "host_env_keys: [CRM_KEY]",
        "host_env_keys: [CRM_KEYS]",
        "needs the environment variable CRM_KEY, which is not set",
    ),
    Mistake::of_the_file(
        "${CRM_KEY}",
        "${crm_key}",
        "needs the environment variable crm_key, which is not set",
    ),
    Mistake::of_the_file(
        "${CRM_KEY}",
        "$CRM_KEY",
        "holds $CRM_KEY without braces, which is sent as it is",
    ),
    Mistake::of_the_file(
        "${CRM_KEY}",
        "$(CRM_KEY)",
        "holds $CRM_KEY without braces, which is sent as it is",
    ),
    Mistake::of_the_file(
        "MODULE",
        "/nowhere/plugin.wasm",
        "Invalid path: /nowhere/plugin.wasm",
    ),
    Mistake::of_the_file("MODULE", "HALF", "Failed to parse corrupted Wasm module"),
    Mistake::of_the_file(
        "MODULE",
        "EMPTY",
        "Plugin freshpaint_webhooks failed to load",
    ),
];

/// The files of a bare Envoy (compose mounts the same one) and of the ConfigMap of Kubernetes, with
/// `MODULE` in the place of the module's path.
fn files() -> [(&'static str, String); 2] {
    let read = |file, module: &str| {
        let text = fs::read_to_string(file).unwrap();
        assert_eq!(text.matches(module).count(), 1);
        let store = trust_store().unwrap().display().to_string();
        text.replace(module, "MODULE")
            .replace("/etc/ssl/certs/ca-certificates.crt", &store)
    };
    [
        (
            "bare",
            read(
                repository().join("envoy/envoy.yaml"),
                "target/freshpaint_webhooks.wasm",
            ),
        ),
        (
            "kubernetes",
            read(
                path("kubernetes/base/envoy.yaml"),
                "/var/lib/freshpaint/plugin.wasm",
            ),
        ),
    ]
}

#[test]
fn each_mistake_is_named_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let whole = module().unwrap();
    let bytes = fs::read(&whole).unwrap();
    let (half, empty) = (
        folder.path().join("half.wasm"),
        folder.path().join("empty.wasm"),
    );
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    fs::write(&empty, b"").unwrap();
    let file = folder.path().join("envoy.yaml");
    for (name, text) in files() {
        // Both files are the same but for the secret (`kubernetes.rs`).
        let of_the_secret = |mistake: &&Mistake| name == "bare" || mistake.replace.is_empty();
        for mistake in MISTAKES.iter().filter(of_the_secret) {
            let edited = match mistake.replace {
                "" => text.clone(),
                replaced => text.replace(replaced, mistake.with),
            };
            let place = |path: &std::path::Path| path.display().to_string();
            let edited = edited
                .replace("HALF", &place(&half))
                .replace("EMPTY", &place(&empty))
                .replace("MODULE", &place(&whole));
            fs::write(&file, edited).unwrap();
            let environment: BTreeMap<&str, &str> = mistake
                .secret
                .map(|secret| ("CRM_KEY", secret))
                .into_iter()
                .collect();
            let verdict = Envoy::validate_file(&file, repository(), &environment).unwrap();
            let output = &verdict.output;
            assert!(
                output.contains(mistake.says),
                "{name}: {}: {output}",
                mistake.says
            );
            assert!(!output.contains("k3y"), "{name} shows the secret: {output}");
            // A text in the place of a key is a warning only: somebody may mean it.
            let is_warning = mistake.says.contains("without braces");
            assert_eq!(verdict.accepted, is_warning, "{name}: {output}");
        }
    }
}

#[test]
fn the_manual_has_each_line() {
    for mistake in &MISTAKES {
        let line = mistake
            .says
            .replace("crm_key", "CRM_KEY")
            .replace("/nowhere/", "/.../")
            .replace("0x0d", "0x0a");
        assert!(MANUAL.contains(&line), "docs/platforms.md lacks: {line}");
    }
}
